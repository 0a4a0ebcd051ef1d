#include "yaml_scalar.hpp"

#include <gwctl/core/utf8.hpp>
#include <gwctl/json/yaml.hpp>

#include <boost/json/parse.hpp>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <sstream>
#include <unordered_map>

namespace gwctl::json {
namespace {

constexpr std::size_t max_depth = 100;
// What all anchors and aliases of one file may copy, counted in bytes of text plus 16 per value.
constexpr std::size_t max_copied = std::size_t{4} << 20U;

constexpr std::string_view core_tag = "tag:yaml.org,2002:";

// Leaves yaml-cpp's parser, which knows no other way out of a callback.
struct located {
    YAML::Mark mark;
    std::string message;
    bool may_be_json = false; // yaml-cpp's limits, not the text, may be at fault
};

struct node {
    value v;
    std::size_t cost = 0;
    std::size_t depth = 0;
};

// An object or array being read.
struct frame {
    node self;
    YAML::Mark mark;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key = std::nullopt; // objects: read, and waiting for its value
    YAML::Mark key_mark{};
    bool merging = false; // objects: the key was `<<`
    std::vector<object> merged{};
    std::unordered_map<std::string, int> key_lines{};
};

// yaml-cpp makes one byte each of the escapes \N (U+0085) and \_ (U+00A0). All else is UTF-8, as the file is.
std::string with_escapes_in_utf8(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0)
            out += '\xC2';
        out += text.substr(0, std::max<std::size_t>(length, 1));
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

// Turns yaml-cpp's events into one value per document.
class builder : public YAML::EventHandler {
public:
    builder(std::string_view text, duplicate_keys twice) : text_(text), twice_(twice) {}

    std::vector<yaml_document> documents;

    void OnDocumentStart(const YAML::Mark& mark) override {
        // yaml-cpp takes whatever follows the first node for the next document, marker or not.
        const auto at = static_cast<std::size_t>(std::max(mark.pos, 0));
        if (started_ && !(at < text_.size() && text_.substr(at).starts_with("---"))) {
            throw located{mark,
                          "this does not belong to what is above it: check the indentation, or separate two "
                          "documents with ---"};
        }
        started_ = true;
        line_ = static_cast<std::size_t>(std::max(mark.line, 0)) + 1;
        anchors_.clear();
        root_ = nullptr;
    }
    void OnDocumentEnd() override {
        if (!root_.is_null()) {
            documents.push_back({std::move(root_), line_});
        }
    }

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        finish({value(nullptr), 16, 0}, mark, anchor);
    }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto it = anchors_.find(anchor);
        if (it == anchors_.end()) {
            throw located{mark, "this alias stands inside the value it refers to"};
        }
        charge(mark, it->second.cost);
        check_depth(mark, it->second.depth);
        finish(it->second, mark, 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& unescaped) override {
        const std::string text = with_escapes_in_utf8(unescaped);
        if (expects_key() && ((tag == "?" && text == "<<") || tag == "tag:yaml.org,2002:merge")) {
            stack_.back().key_mark = mark;
            stack_.back().merging = true;
            return;
        }
        finish({scalar(mark, tag, text), 16 + text.size(), 0}, mark, anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(array(), mark, anchor);
    }
    void OnSequenceEnd() override { close(); }

    void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(object(), mark, anchor);
    }
    void OnMapEnd() override {
        frame& top = stack_.back();
        // Written keys win over merged ones, and earlier sources over later ones.
        object& o = top.self.v.get_object();
        for (const object& source : top.merged) {
            for (const auto& [key, member] : source) {
                o.emplace(key, member);
            }
        }
        close();
    }

private:
    bool expects_key() const {
        return !stack_.empty() && stack_.back().self.v.is_object() && !stack_.back().key &&
               !stack_.back().merging;
    }

    void check_depth(const YAML::Mark& mark, std::size_t below) const {
        if (stack_.size() + below > max_depth) {
            throw located{mark, fmt::format("nested deeper than {} levels", max_depth)};
        }
    }

    // For a copy that an anchor or an alias makes.
    void charge(const YAML::Mark& mark, std::size_t cost) {
        copied_ += cost;
        if (copied_ > max_copied) {
            throw located{mark,
                          fmt::format("anchors and aliases expand to more than {} MiB", max_copied >> 20U)};
        }
    }

    static value scalar(const YAML::Mark& mark, const std::string& tag, const std::string& text) {
        result<value> v = value(text); // quoted, and any tag we do not know
        if (tag == "?") {
            v = detail::resolve_plain(text);
        } else if (tag.starts_with(core_tag)) {
            const std::string_view name = std::string_view(tag).substr(core_tag.size());
            if (name == "int" || name == "float" || name == "bool" || name == "null") {
                v = detail::resolve_tagged(name, text);
            } else if (name == "binary") {
                throw located{mark,
                              "!!binary has no counterpart in JSON; write the base64 text as a plain string"};
            }
        }
        if (v.has_error()) {
            throw located{mark, v.error().message};
        }
        return *std::move(v);
    }

    // The text of a key that may be written as a number or a boolean, as sigs.k8s.io/yaml makes it.
    static std::string key_text(const YAML::Mark& mark, const value& v) {
        switch (v.kind()) {
        case boost::json::kind::string:
            return std::string(v.get_string());
        case boost::json::kind::bool_:
            return v.get_bool() ? "true" : "false";
        case boost::json::kind::int64:
            return fmt::format("{}", v.get_int64());
        case boost::json::kind::uint64:
            return fmt::format("{}", v.get_uint64());
        case boost::json::kind::double_:
            return fmt::format("{}", v.get_double());
        case boost::json::kind::null:
            throw located{mark, "a key is missing or null; write \"null\" in quotes if that is its name",
                          true};
        default:
            throw located{mark, "a key must be a string, not a map or a list"};
        }
    }

    void open(value&& v, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (expects_key()) {
            throw located{mark, "a key must be a string, not a map or a list"};
        }
        check_depth(mark, 1);
        stack_.push_back(frame{.self = {std::move(v), 16, 1}, .mark = mark, .anchor = anchor});
    }

    void close() {
        frame done = std::move(stack_.back());
        stack_.pop_back();
        finish(std::move(done.self), done.mark, done.anchor);
    }

    void finish(node n, const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor != 0) {
            charge(mark, n.cost);
            anchors_[anchor] = n;
        }
        if (stack_.empty()) {
            root_ = std::move(n.v);
            return;
        }
        frame& top = stack_.back();
        top.self.cost += n.cost;
        top.self.depth = std::max(top.self.depth, n.depth + 1);
        if (top.self.v.is_array()) {
            top.self.v.get_array().push_back(std::move(n.v));
        } else if (top.merging) {
            merge(top, std::move(n.v), mark);
            top.merging = false;
        } else if (!top.key) {
            top.key = key_text(mark, n.v);
            top.key_mark = mark;
            const auto [first, is_new] = top.key_lines.try_emplace(*top.key, mark.line + 1);
            if (!is_new && twice_ == duplicate_keys::refused) {
                throw located{
                    mark, fmt::format("duplicate key \"{}\", first set on line {}", *top.key, first->second)};
            }
        } else {
            top.self.v.get_object().insert_or_assign(*top.key, std::move(n.v));
            top.key.reset();
        }
    }

    static void merge(frame& into, value&& source, const YAML::Mark& mark) {
        constexpr auto wrong = "<< takes a map or a list of maps";
        if (source.is_object()) {
            into.merged.push_back(std::move(source.get_object()));
            return;
        }
        if (!source.is_array()) {
            throw located{mark, wrong};
        }
        for (value& item : source.get_array()) {
            if (!item.is_object()) {
                throw located{mark, wrong};
            }
            into.merged.push_back(std::move(item.get_object()));
        }
    }

    std::string_view text_;
    duplicate_keys twice_;
    bool started_ = false;
    std::size_t line_ = 0;
    value root_;
    std::vector<frame> stack_;
    std::unordered_map<YAML::anchor_t, node> anchors_;
    std::size_t copied_ = 0;
};

error at(std::string_view origin, int line, int column, std::string_view message) {
    return {errc::decode, fmt::format("{}:{}:{}: {}", origin, line, column, message)};
}

// Refuses what yaml-cpp would replace or take for the end of the text without a word.
std::optional<error> check_bytes(std::string_view text, std::string_view origin) {
    int line = 1;
    std::size_t line_start = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto c = static_cast<unsigned char>(text[i]);
        const std::size_t length = utf8_length(text.substr(i));
        if (length == 0 || (c < 0x20 && c != '\n' && c != '\t' && c != '\r') || c == 0x7f) {
            const int column = static_cast<int>(i - line_start) + 1;
            return at(origin, line, column,
                      length == 0 ? fmt::format("byte 0x{:02x} is not UTF-8", c)
                                  : fmt::format("control character 0x{:02x} is not allowed", c));
        }
        if (c == '\n') {
            ++line;
            line_start = i + 1;
        }
        i += length;
    }
    return std::nullopt;
}

// Gives the numbers of plain JSON the types that they have in YAML. False when one is too large for a double.
bool unify_numbers(value& v) {
    if (v.is_double()) {
        v = detail::number_value(v.get_double());
        return !v.is_double() || std::isfinite(v.get_double());
    }
    if (v.is_array()) {
        array& a = v.get_array();
        return std::all_of(a.begin(), a.end(), unify_numbers);
    }
    if (v.is_object()) {
        object& o = v.get_object();
        return std::all_of(o.begin(), o.end(), [](auto&& member) { return unify_numbers(member.value()); });
    }
    return true;
}

// For JSON that yaml-cpp refuses: characters escaped as surrogate pairs, keys longer than 1024 bytes.
std::optional<value> parse_as_json(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos || (text[first] != '{' && text[first] != '[')) {
        return std::nullopt;
    }
    boost::json::parse_options options;
    options.max_depth = max_depth;
    boost::json::error_code ec;
    value v = boost::json::parse(text, ec, {}, options);
    if (ec || !unify_numbers(v)) {
        return std::nullopt;
    }
    return v;
}

} // namespace

result<std::vector<value>> parse_yaml(std::string_view text, std::string_view origin, duplicate_keys twice) {
    auto documents = parse_yaml_documents(text, origin, twice);
    if (documents.has_error()) {
        return documents.error();
    }
    std::vector<value> contents;
    for (yaml_document& document : *documents) {
        contents.push_back(std::move(document.content));
    }
    return contents;
}

result<std::vector<yaml_document>> parse_yaml_documents(std::string_view text, std::string_view origin,
                                                        duplicate_keys twice) {
    if (text.starts_with("\ufeff")) {
        text.remove_prefix(3);
    }
    if (auto bad = check_bytes(text, origin)) {
        return *bad;
    }
    builder handler(text, twice);
    try {
        std::istringstream in{std::string(text)};
        YAML::Parser parser(in);
        while (parser.HandleNextDocument(handler)) {
        }
    } catch (const located& e) {
        if (auto json = e.may_be_json ? parse_as_json(text) : std::nullopt) {
            return std::vector<yaml_document>{{*std::move(json), 1}};
        }
        return at(origin, e.mark.line + 1, e.mark.column + 1, e.message);
    } catch (const YAML::Exception& e) {
        if (auto json = parse_as_json(text)) {
            return std::vector<yaml_document>{{*std::move(json), 1}};
        }
        return at(origin, e.mark.line + 1, e.mark.column + 1, e.msg);
    }
    return std::move(handler.documents);
}

} // namespace gwctl::json
