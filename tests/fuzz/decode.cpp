// Decoding of every kind that comes with the library. An input is an object as JSON; its `"kind":"..."` says as what it
// is decoded.
#include "fuzz.hpp"

#include <gwctl/api/apiextensions_v1.hpp>
#include <gwctl/api/apps_v1.hpp>
#include <gwctl/api/coordination_v1.hpp>
#include <gwctl/api/core_v1.hpp>
#include <gwctl/api/discovery_v1.hpp>
#include <gwctl/api/gateway_v1.hpp>
#include <gwctl/api/http_routes_v1.hpp>
#include <gwctl/api/listener_sets_v1.hpp>
#include <gwctl/api/routes_v1.hpp>
#include <gwctl/json/codec.hpp>

#include <boost/json/parse.hpp>

#include <functional>
#include <map>

using namespace gwctl;
using namespace gwctl::fuzz;

namespace {

// Low enough for an input to reach them.
constexpr json::limits bounds{.depth = 16, .bytes = 1 << 20, .item_bytes = 2048, .string_bytes = 64};

struct outcome {
    std::string error{};
    std::string encoded{};
    std::vector<std::string> misfits{};
    friend bool operator==(const outcome&, const outcome&) = default;
};

std::string text_of(const outcome& o) {
    std::string text = o.error.empty() ? o.encoded : o.error;
    for (const auto& m : o.misfits)
        text.append("; ").append(m);
    return text;
}

// Of text that has several mistakes, which one is named depends on where it is cut. Without a mistake in its JSON the
// first value that does not fit is named, wherever that is.
bool same(const outcome& a, const outcome& b) {
    const auto not_json = [](const outcome& o) { return o.error.starts_with("not JSON"); };
    return a == b || (!a.error.empty() && !b.error.empty() && (not_json(a) || not_json(b)));
}

// Whole for no pieces.
template <class T>
outcome decoded(std::string_view text, const std::uint64_t* cut, json::detail::tolerance lenient) {
    T object;
    json::detail::object_decoder d(json::detail::type_of<T>(), &object, bounds, lenient);
    result<void> done;
    if (cut == nullptr)
        done = d.write(exact(text));
    else
        for (pieces p(text, *cut); !p.empty() && done.has_value();)
            done = d.write(exact(p.next()));
    if (done.has_value())
        done = d.finish();
    outcome out;
    if (done.has_error())
        require(done.error().code == errc::decode || done.error().code == errc::too_large,
                "what cannot be decoded is errc::decode or too_large", done.error().message);
    if (done.has_error())
        out.error = done.error().message;
    else
        out.encoded = json::encode(object);
    for (const auto& m : d.misfits())
        out.misfits.push_back(std::to_string(m.item) + ": " + m.error);
    return out;
}

template <class T>
void check_as(std::string_view text, json::detail::tolerance lenient) {
    const outcome whole = decoded<T>(text, nullptr, lenient);
    for (const std::uint64_t cut :
         {std::uint64_t{0}, seed_of(text) | 1U, seed_of(text) & ~std::uint64_t{1}}) {
        if (cut == 0 && text.size() > 4096)
            continue;
        const outcome cut_up = decoded<T>(text, &cut, lenient);
        require(same(whole, cut_up), "in pieces is as whole", text_of(whole), text_of(cut_up));
    }
    if (!whole.error.empty())
        return;
    const auto again = json::decode<T>(whole.encoded);
    require(again.has_value(), "what was encoded can be decoded", whole.encoded);
    require(json::encode(*again) == whole.encoded, "decoding and encoding change nothing", whole.encoded,
            json::encode(*again));
}

template <class T>
void check(std::string_view text) {
    check_as<T>(text, json::detail::tolerance::none);
    // An object that has something that does not fit is read as far as it does.
    T strict, lenient;
    const auto done = json::detail::decode_into(json::detail::type_of<T>(), &strict, exact(text), bounds);
    const auto fits =
        json::detail::decode_what_fits(json::detail::type_of<T>(), &lenient, exact(text), bounds);
    require(done.has_error() || (fits.has_value() && fits->empty()), "an object that decodes fits");
    require(done.has_value() || fits.has_error() || !fits->empty(),
            "an object that does not decode has a misfit");
    require(done.has_error() || json::encode(strict) == json::encode(lenient),
            "an object that fits is read the same way");
}

const auto& kinds() {
    using check_function = void (*)(std::string_view);
    static const std::map<std::string_view, check_function> all = {
        {"ConfigMap", check<core_v1::ConfigMap>},
        {"CustomResourceDefinition", check<apiextensions_v1::CustomResourceDefinition>},
        {"Deployment", check<apps_v1::Deployment>},
        {"EndpointSlice", check<discovery_v1::EndpointSlice>},
        {"Event", check<core_v1::Event>},
        {"Gateway", check<gateway_v1::Gateway>},
        {"GatewayClass", check<gateway_v1::GatewayClass>},
        {"HTTPRoute", check<gateway_v1::HTTPRoute>},
        {"Lease", check<coordination_v1::Lease>},
        {"ListenerSet", check<gateway_v1::ListenerSet>},
        {"Namespace", check<core_v1::Namespace>},
        {"ReferenceGrant", check<gateway_v1::ReferenceGrant>},
        {"Service", check<core_v1::Service>},
        {"ServiceList",
         [](std::string_view text) {
             check_as<object_list<core_v1::Service>>(text, json::detail::tolerance::items);
         }},
        {"Status", check<Status>},
        {"TCPRoute", check<gateway_v1::TCPRoute>},
        {"UDPRoute", check<gateway_v1::UDPRoute>},
    };
    return all;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::text_of(data, size);
    std::string_view rest = text;
    take_until(rest, R"("kind":")");
    const auto found = kinds().find(take_until(rest, "\""));
    (found == kinds().end() ? kinds().at("Service") : found->second)(text);
    return 0;
}
