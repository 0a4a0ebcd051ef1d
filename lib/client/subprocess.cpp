#include "subprocess.hpp"

#include <gwctl/core/error.hpp>

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <array>
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace gwctl::detail {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t most_output = 1024 * 1024;

/// One end that we read, one that the program writes.
struct pipe_ends {
    int ours = -1;
    int theirs = -1;

    pipe_ends() {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe");
        ours = ends[0];
        theirs = ends[1];
    }
    ~pipe_ends() {
        for (const int end : {ours, theirs})
            if (end >= 0)
                ::close(end);
    }
    pipe_ends(const pipe_ends&) = delete;
    pipe_ends& operator=(const pipe_ends&) = delete;
};

/// A process group of its own, which does not outlive this.
class child {
public:
    child(const program& p, int output, int errors) {
        std::vector<std::string> words{p.command};
        words.insert(words.end(), p.arguments.begin(), p.arguments.end());
        std::vector<std::string> variables;
        for (char** v = environ; *v != nullptr; ++v)
            if (!is_replaced(p, *v))
                variables.emplace_back(*v);
        for (const auto& [name, value] : p.environment)
            variables.push_back(name + "=" + value);
        std::vector<char*> argv = pointers(words);
        std::vector<char*> envp = pointers(variables);

        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        ::posix_spawn_file_actions_init(&files);
        ::posix_spawnattr_init(&attributes);
        ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        ::posix_spawn_file_actions_adddup2(&files, output, 1);
        ::posix_spawn_file_actions_adddup2(&files, errors, 2);
        ::posix_spawn_file_actions_addclosefrom_np(&files, 3); // sockets are not marked close-on-exec
        sigset_t none;
        sigset_t all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setpgroup(&attributes, 0);
        ::posix_spawnattr_setflags(&attributes,
                                   POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        const int failed =
            ::posix_spawnp(&pid_, p.command.c_str(), &files, &attributes, argv.data(), envp.data());
        ::posix_spawnattr_destroy(&attributes);
        ::posix_spawn_file_actions_destroy(&files);
        if (failed != 0) {
            pid_ = -1;
            throw api_error(errc::config, std::generic_category().message(failed));
        }
    }
    ~child() {
        if (pid_ <= 0)
            return;
        ::kill(-pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    child(const child&) = delete;
    child& operator=(const child&) = delete;

    /// Whether it has ended, and how.
    bool has_ended(int& status) {
        const pid_t found = ::waitpid(pid_, &status, WNOHANG);
        if (found == 0)
            return false;
        pid_ = -1;
        return true;
    }

private:
    static bool is_replaced(const program& p, std::string_view variable) {
        for (const auto& [name, value] : p.environment)
            if (variable.size() > name.size() && variable.starts_with(name) && variable[name.size()] == '=')
                return true;
        return false;
    }
    static std::vector<char*> pointers(std::vector<std::string>& texts) {
        std::vector<char*> all;
        for (std::string& text : texts)
            all.push_back(text.data());
        all.push_back(nullptr);
        return all;
    }

    pid_t pid_ = -1;
};

/// Reads to the end, so that the program can write it.
task<void> drain(asio::posix::stream_descriptor& from, std::string& into) {
    std::array<char, 4096> piece{};
    while (true) {
        error_code ec;
        const std::size_t n =
            co_await from.async_read_some(asio::buffer(piece), asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted)
            throw boost::system::system_error(ec);
        if (ec)
            co_return;
        into.append(piece.data(), std::min(n, most_output - into.size()));
    }
}

task<void> sleep_until(steady_time when) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, when);
    co_await timer.async_wait(asio::use_awaitable);
}

/// Ends are seen soon after the outputs are closed; there is no signal to wait for that others could take.
task<void> reap(child& running, int& status) {
    for (auto pause = std::chrono::milliseconds(1); !running.has_ended(status);
         pause = std::min(2 * pause, std::chrono::milliseconds(100)))
        co_await sleep_until(std::chrono::steady_clock::now() + pause);
}

task<void> read_and_reap(asio::posix::stream_descriptor& output, asio::posix::stream_descriptor& errors,
                         child& running, program_end& end) {
    using namespace asio::experimental::awaitable_operators;
    task<void> first = drain(output, end.output);
    task<void> second = drain(errors, end.errors);
    co_await (std::move(first) && std::move(second));
    co_await reap(running, end.status);
}

} // namespace

task<program_end> run_program(program p, steady_time deadline) {
    using namespace asio::experimental::awaitable_operators;
    const auto executor = co_await asio::this_coro::executor;
    program_end end;
    pipe_ends output_pipe;
    pipe_ends error_pipe;
    child running(p, output_pipe.theirs, error_pipe.theirs);
    for (int* const theirs : {&output_pipe.theirs, &error_pipe.theirs})
        ::close(std::exchange(*theirs, -1));
    asio::posix::stream_descriptor output(executor, std::exchange(output_pipe.ours, -1));
    asio::posix::stream_descriptor errors(executor, std::exchange(error_pipe.ours, -1));
    task<void> ending = read_and_reap(output, errors, running, end);
    task<void> late = sleep_until(deadline);
    const auto first = co_await (std::move(ending) || std::move(late));
    end.late = first.index() == 1;
    co_return end;
}

} // namespace gwctl::detail
