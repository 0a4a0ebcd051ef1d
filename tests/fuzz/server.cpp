// The embedded API server's answers, without sockets. An input is a list of requests, one after the other on a new server:
// a line "METHOD TARGET CONTENT-TYPE ACCEPT", of which the end may be left out, then the body. A line "%%" is between two.
#include "fuzz.hpp"
#include "server_rules.hpp"

using namespace gwctl;
using namespace gwctl::fuzz;
using namespace gwctl::testing::detail;

namespace {

constexpr int most_requests = 12;

http_request request_of(std::string_view text) {
    std::string_view line = take_until(text, "\n");
    http_request r;
    r.method = take_until(line, " ");
    r.target = take_until(line, " ");
    r.content_type = take_until(line, " ");
    r.accept = line;
    r.user_agent = "fuzz/1";
    r.body = text;
    return r;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view text = text_of(data, size);
    cluster_options options;
    options.now = [] { return wall_time(std::chrono::seconds(1'800'000'000)); };
    cluster objects(std::move(options));
    rest api(objects);
    const auto start = objects.objects().version();
    std::vector<watch_start> watches;
    for (int n = 0; n < most_requests && !text.empty(); ++n) {
        const auto request = request_of(take_until(text, "\n%%\n"));
        const auto before = objects.objects().version();
        auto answer = api.handle(request);
        check_answer(request, answer);
        check_version(request, answer, before, objects.objects().version());
        if (answer.watch)
            watches.push_back(std::move(*answer.watch));
        check_objects(objects);
    }
    check_reads(objects, api, start);
    for (auto& watch : watches)
        check_frames(objects, api, watch);
    return 0;
}
