// Package clients tries real Go clients, which write built-in kinds as protobuf, on the embedded API server.
package clients

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// shape says what a filler fills with.
type shape string

const (
	full  shape = "full"  // every field is set, every list and map has two items
	zeros shape = "zeros" // every pointer points to a zero value
)

// filler sets the fields of any type. Random shapes leave half of them out.
type filler struct {
	shape  shape
	random *rand.Rand
	n      int
	// above are the types that the value is in, so that schemas in schemas end.
	above []reflect.Type
}

func newFiller(s shape) *filler {
	f := &filler{shape: s}
	if s != full && s != zeros {
		var seed uint64
		if _, err := fmt.Sscanf(string(s), "seed-%d", &seed); err != nil {
			panic("shape " + s)
		}
		f.random = rand.New(rand.NewPCG(seed, 36))
	}
	return f
}

func (f *filler) next() int {
	f.n++
	return f.n
}

func (f *filler) skip() bool { return f.random != nil && f.random.IntN(2) == 0 }

func (f *filler) count() int {
	switch {
	case f.shape == zeros:
		return 1
	case f.random != nil:
		return f.random.IntN(4)
	}
	return 2
}

func (f *filler) nested(t reflect.Type) bool {
	times := 0
	for _, above := range f.above {
		if above == t {
			times++
		}
	}
	return times > 1
}

// special fills types with a form of their own.
func (f *filler) special(v reflect.Value) bool {
	n := f.next()
	switch p := v.Addr().Interface().(type) {
	case *metav1.TypeMeta:
	case *metav1.Time:
		*p = metav1.NewTime(time.Unix(1700000000+int64(n), 0).UTC())
	case *metav1.MicroTime:
		*p = metav1.NewMicroTime(time.Unix(1700000000+int64(n), int64(n)*1000).UTC())
	case *resource.Quantity:
		*p = resource.MustParse([]string{"1500m", "64Mi", "3", "12e3", "0"}[n%5])
	case *intstr.IntOrString:
		*p = []intstr.IntOrString{intstr.FromInt32(int32(n)), intstr.FromString(fmt.Sprintf("s%d", n))}[n%2]
	case *runtime.RawExtension:
		p.Raw = []byte(fmt.Sprintf(`{"a":%d}`, n))
	case *apiextensionsv1.JSON:
		p.Raw = []byte([]string{`{"a":[1,"x",null]}`, `"text"`, `3`, `true`}[n%4])
	case *metav1.FieldsV1:
		p.Raw = []byte(`{"f:spec":{".":{}}}`)
	case *apiextensionsv1.JSONSchemaPropsOrArray:
		f.schemaOr(v, 1+n%2)
	case *apiextensionsv1.JSONSchemaPropsOrStringArray:
		f.schemaOr(v, 1+n%2)
	case *apiextensionsv1.JSONSchemaPropsOrBool:
		if n%3 == 0 {
			f.schemaOr(v, 1)
		}
		p.Allows = p.Schema != nil || n%3 == 1
	default:
		return false
	}
	return true
}

// schemaOr sets the schema (1) or the list (2) of a type that is one of both.
func (f *filler) schemaOr(v reflect.Value, which int) {
	for i := range v.NumField() {
		if kind := v.Field(i).Kind(); (which == 1 && kind == reflect.Pointer) || (which == 2 && kind == reflect.Slice) {
			f.fill(v.Field(i))
		}
	}
}

func (f *filler) fill(v reflect.Value) {
	if v.Kind() == reflect.Struct && f.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		if f.nested(v.Type().Elem()) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		if f.shape != zeros || v.Elem().Kind() == reflect.Struct {
			f.fill(v.Elem())
		}
	case reflect.Struct:
		f.above = append(f.above, v.Type())
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !f.skip() {
				f.fill(v.Field(i))
			}
		}
		f.above = f.above[:len(f.above)-1]
	case reflect.Slice:
		if f.nested(v.Type().Elem()) {
			return
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(fmt.Sprintf("b%d\xff\x00", f.next())))
			return
		}
		n := f.count()
		if n == 0 {
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		if f.nested(v.Type().Elem()) {
			return
		}
		n := f.count()
		if n == 0 {
			return
		}
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key := reflect.New(v.Type().Key()).Elem()
			key.SetString(fmt.Sprintf("k%d", f.next()))
			value := reflect.New(v.Type().Elem()).Elem()
			f.fill(value)
			// In a map, no list and an empty one are two things in JSON, and one in protobuf.
			if value.Kind() != reflect.Slice || value.Len() > 0 {
				v.SetMapIndex(key, value)
			}
		}
	case reflect.String:
		if f.shape != zeros {
			v.SetString(fmt.Sprintf("s%d", f.next()))
		}
	case reflect.Bool:
		v.SetBool(f.shape != zeros)
	case reflect.Int32, reflect.Int64:
		if f.shape != zeros {
			v.SetInt(int64(f.next()))
			if f.random != nil && f.random.IntN(3) == 0 {
				v.SetInt(-v.Int())
			}
		}
	case reflect.Float64:
		v.SetFloat(float64(f.next()) + 0.5)
	default:
		panic(fmt.Sprintf("no value for a %s", v.Type()))
	}
}
