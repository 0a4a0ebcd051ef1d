package differential

import "time"

// shrink looks for a shorter case that ends in a difference at the same kind of call.
func (p *pair) shrink(c Case, first *failure, budget time.Duration) (Case, *failure) {
	best, failed := c, first
	if failed.index < len(c.Calls) {
		best.Calls = c.Calls[:failed.index+1]
	}
	deadline := time.Now().Add(budget)
	for size := (len(best.Calls) + 1) / 2; size >= 1; {
		removed := false
		for at := 0; at < len(best.Calls) && time.Now().Before(deadline); {
			shorter := best
			shorter.Calls = append(append([]Call{}, best.Calls[:at]...), best.Calls[min(at+size, len(best.Calls)):]...)
			f, err := p.quietly(shorter)
			if err == nil && f != nil && f.call.Verb == first.call.Verb && sameKind(f, first) {
				if f.index < len(shorter.Calls) {
					shorter.Calls = shorter.Calls[:f.index+1]
				}
				best, failed, removed = shorter, f, true
			} else {
				at += size
			}
		}
		if time.Now().After(deadline) {
			break
		}
		if size == 1 && !removed {
			break
		}
		size = max(size/2, 1)
	}
	return best, failed
}

// quietly executes without counting.
func (p *pair) quietly(c Case) (*failure, error) {
	calls := p.calls
	p.calls = map[string]int{}
	defer func() { p.calls = calls; p.replayed++ }()
	return p.execute(c)
}

func sameKind(a, b *failure) bool {
	return len(a.found) > 0 && len(b.found) > 0 && a.found[0].at == b.found[0].at
}
