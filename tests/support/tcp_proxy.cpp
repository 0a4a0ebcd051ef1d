#include "tcp_proxy.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <array>
#include <future>
#include <set>
#include <thread>

namespace gwctl::tests {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

/// One connection: what either side sends is written to the other; when one ends, both do.
class link : public std::enable_shared_from_this<link> {
public:
    link(tcp::socket client, asio::io_context& loop, std::set<std::shared_ptr<link>>& all)
        : client_(std::move(client)), server_(loop), all_(all) {}

    void start(const tcp::resolver::results_type& to) {
        server_.async_connect(to->endpoint(), [self = shared_from_this()](error_code ec) {
            if (ec)
                return self->close();
            self->forward(self->client_, self->server_, self->up_);
            self->forward(self->server_, self->client_, self->down_);
        });
    }
    void close() {
        error_code ignored;
        client_.close(ignored);
        server_.close(ignored);
        all_.erase(shared_from_this());
    }

private:
    using buffer = std::array<char, 16384>;

    void forward(tcp::socket& from, tcp::socket& to, buffer& b) {
        from.async_read_some(asio::buffer(b),
                             [this, self = shared_from_this(), &from, &to, &b](error_code ec, std::size_t n) {
                                 if (ec)
                                     return close();
                                 asio::async_write(to, asio::buffer(b, n),
                                                   [this, self = shared_from_this(), &from, &to,
                                                    &b](error_code failed, std::size_t) {
                                                       if (failed)
                                                           close();
                                                       else
                                                           forward(from, to, b);
                                                   });
                             });
    }

    tcp::socket client_;
    tcp::socket server_;
    std::set<std::shared_ptr<link>>& all_;
    buffer up_{};
    buffer down_{};
};

} // namespace

struct tcp_proxy::impl {
    impl(const std::string& host, const std::string& port)
        : target(tcp::resolver(loop).resolve(host, port)),
          acceptor(loop, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
        accept();
        thread = std::thread([this] { loop.run(); });
    }
    ~impl() {
        loop.stop();
        thread.join();
    }

    void accept() {
        acceptor.async_accept([this](error_code ec, tcp::socket client) {
            if (!ec) {
                const auto l = std::make_shared<link>(std::move(client), loop, links);
                links.insert(l);
                l->start(target);
            }
            accept();
        });
    }
    std::size_t drop() {
        const auto all = links;
        for (const auto& l : all)
            l->close();
        return all.size();
    }

    asio::io_context loop{1};
    std::set<std::shared_ptr<link>> links;
    tcp::resolver::results_type target;
    tcp::acceptor acceptor;
    std::thread thread;
};

tcp_proxy::tcp_proxy(const std::string& host, const std::string& port)
    : impl_(std::make_unique<impl>(host, port)) {}
tcp_proxy::~tcp_proxy() = default;

std::uint16_t tcp_proxy::port() const { return impl_->acceptor.local_endpoint().port(); }

std::size_t tcp_proxy::drop_connections() {
    const auto task = std::make_shared<std::packaged_task<std::size_t()>>([this] { return impl_->drop(); });
    auto dropped = task->get_future();
    boost::asio::post(impl_->loop, [task] { (*task)(); });
    return dropped.get();
}

} // namespace gwctl::tests
