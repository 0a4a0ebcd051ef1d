#include <gwctl/core/error.hpp>
#include <gwctl/core/log.hpp>

#include <map>
#include <support/catch.hpp>

using namespace gwctl;

TEST_CASE("records below the level are dropped, others reach the sink with their fields") {
    std::vector<std::string> seen;
    log::redirect([&](const log::record& r) {
        std::string line(r.message);
        for (const log::field& f : r.fields)
            line += " " + f.key + "=" + f.value;
        seen.push_back(line);
    });
    log::configure({.minimum = log::level::info});
    log::debug("hidden");
    log::info("shown", {{"text", "a b"}, {"number", 7}});
    log::configure({.minimum = log::level::error});
    log::warn("hidden too");
    log::error("failed");
    log::configure({});
    log::redirect({});
    CHECK(seen == std::vector<std::string>{"shown text=a b number=7", "failed"});
}

TEST_CASE("value() of a result without a value throws its error") {
    const result<int> none = error{errc::config, "kubeconfig x: no such file"};
    try {
        static_cast<void>(none.value());
        FAIL("nothing was thrown");
    } catch (const api_error& e) {
        CHECK(e.code() == errc::config);
        CHECK(std::string(e.what()) == "kubeconfig x: no such file");
    }
}

TEST_CASE("failures that time can mend are transient") {
    for (const errc c :
         {errc::timeout, errc::unreachable, errc::connection_lost, errc::service_unavailable,
          errc::too_many_requests, errc::internal_error, errc::server_timeout, errc::tls, errc::protocol})
        CHECK(is_transient(c));
    for (const errc c :
         {errc::not_found, errc::forbidden, errc::invalid, errc::conflict, errc::decode, errc::gone})
        CHECK_FALSE(is_transient(c));
    CHECK(to_string(errc::too_many_requests) == "too_many_requests");
}
