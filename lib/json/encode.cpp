#include <gwctl/json/codec.hpp>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <fmt/format.h>

#include <cmath>

namespace gwctl::json {

void append_quoted(std::string_view text, std::string& out) {
    constexpr std::string_view hex = "0123456789abcdef";
    out += '"';
    std::size_t clean = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        out.append(text, clean, i - clean);
        clean = i + 1;
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        default:
            out.append("\\u00").append(1, hex[c >> 4]).append(1, hex[c & 15]);
        }
    }
    out.append(text, clean, std::string_view::npos);
    out += '"';
}

namespace detail {
namespace {

struct writer {
    std::string& out;
    bool first = true; ///< no element of the current container is out yet

    void comma() {
        if (!first)
            out += ',';
        first = false;
    }
};

void write_array_element(void* context, std::string_view, const void* element);
void write_map_element(void* context, std::string_view key, const void* element);

struct element_writer : writer {
    const type_info& type;
};

bool is_null(const type_info& type, const void* source) {
    if (type.what != shape::optional)
        return false;
    bool engaged = false;
    type.visit(source, &engaged,
               [](void* flag, std::string_view, const void*) { *static_cast<bool*>(flag) = true; });
    return !engaged;
}

/// Writes the value; false when it is empty, and so is to be left out of an object unless it is optional.
bool write_value(const type_info& type, const void* source, std::string& out);

bool write_object(const type_info& type, const void* source, std::string& out) {
    writer w{out};
    out += '{';
    for (const member_info& m : type.members) {
        const void* const member =
            m.locate(const_cast<void*>(source)); // read only: locate serves both directions
        if (is_null(m.type(), member))
            continue;
        const std::size_t before = out.size();
        const bool was_first = w.first;
        w.comma();
        append_quoted(m.name, out);
        out += ':';
        if (write_value(m.type(), member, out))
            continue;
        out.resize(before);
        w.first = was_first;
    }
    out += '}';
    return !w.first;
}

bool write_value(const type_info& type, const void* source, std::string& out) {
    switch (type.what) {
    case shape::boolean:
        out += *static_cast<const bool*>(source) ? "true" : "false";
        return true;
    case shape::int32:
        fmt::format_to(std::back_inserter(out), "{}", *static_cast<const std::int32_t*>(source));
        return true;
    case shape::int64:
        fmt::format_to(std::back_inserter(out), "{}", *static_cast<const std::int64_t*>(source));
        return true;
    case shape::real: {
        const double d = *static_cast<const double*>(source);
        if (std::isfinite(d))
            fmt::format_to(std::back_inserter(out), "{}", d);
        else
            out += "null"; // JSON has no word for it
        return true;
    }
    case shape::string:
        append_quoted(*static_cast<const std::string*>(source), out);
        return !static_cast<const std::string*>(source)->empty();
    case shape::scalar:
        type.append_json(source, out);
        return true;
    case shape::any:
        out += boost::json::serialize(*static_cast<const value*>(source));
        return !static_cast<const value*>(source)->is_null();
    case shape::optional: {
        element_writer w{{out}, type.element()};
        type.visit(source, &w, [](void* context, std::string_view, const void* element) {
            auto& self = *static_cast<element_writer*>(context);
            write_value(self.type, element, self.out);
            self.first = false;
        });
        if (w.first)
            out += "null";
        return true; // present, however empty
    }
    case shape::array: {
        element_writer w{{out}, type.element()};
        out += '[';
        type.visit(source, &w, write_array_element);
        out += ']';
        return !w.first;
    }
    case shape::map: {
        element_writer w{{out}, type.element()};
        out += '{';
        type.visit(source, &w, write_map_element);
        out += '}';
        return !w.first;
    }
    case shape::object:
        return write_object(type, source, out);
    }
    return false;
}

void write_array_element(void* context, std::string_view, const void* element) {
    auto& w = *static_cast<element_writer*>(context);
    w.comma();
    write_value(w.type, element, w.out);
}

void write_map_element(void* context, std::string_view key, const void* element) {
    auto& w = *static_cast<element_writer*>(context);
    w.comma();
    append_quoted(key, w.out);
    w.out += ':';
    write_value(w.type, element, w.out);
}

} // namespace

void append_encoded(const type_info& type, const void* source, std::string& out) {
    write_value(type, source, out);
}

value encoded_value(const type_info& type, const void* source) {
    std::string text;
    append_encoded(type, source, text);
    return boost::json::parse(text);
}

} // namespace detail
} // namespace gwctl::json
