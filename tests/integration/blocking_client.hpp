// gwctl's client for a test's own thread.
#pragma once

#include <gwctl/client/client.hpp>
#include <gwctl/client/config.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gwctl::tests {

/// Each call blocks until it is answered. Errors are the client's own.
class blocking_client {
public:
    explicit blocking_client(cluster_config config)
        : api_(make_http_transport(std::move(config)), options()) {}

    template <Resource T>
    T get(const std::string& name, const std::string& namespace_ = {}) {
        return run(api_.get<T>(object_key(namespace_, name)));
    }
    template <Resource T>
    std::vector<std::shared_ptr<const T>> list() {
        return run(api_.list<T>()).items;
    }
    /// Returns the body of the answer. `accept` is the form that it is wanted in.
    std::string send(std::string method, std::string target, std::string body = {}, std::string type = {},
                     std::string accept = "application/json") {
        http_request r;
        r.headers.emplace_back("Accept", std::move(accept));
        r.method = std::move(method);
        r.target = std::move(target);
        r.body = std::move(body);
        if (!type.empty())
            r.headers.emplace_back("Content-Type", std::move(type));
        return run(api_.raw(std::move(r)));
    }

private:
    static client_options options() {
        client_options o;
        o.field_manager = "test";
        return o;
    }
    template <class T>
    T run(task<T> work) {
        std::optional<T> result;
        std::exception_ptr failure;
        bool ended = false;
        boost::asio::co_spawn(loop_, std::move(work), [&](std::exception_ptr e, T value) {
            failure = e;
            result = std::move(value);
            ended = true;
        });
        loop_.restart();
        while (!ended)
            loop_.run_one();
        if (failure)
            std::rethrow_exception(failure);
        return std::move(*result);
    }

    boost::asio::io_context loop_;
    client api_;
};

} // namespace gwctl::tests
