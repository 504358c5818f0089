#include "cli/login_agents.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "cli/console.hpp"
#include "cli/text.hpp"

extern char** environ;

namespace mooring::cli {

namespace {

constexpr core::Duration patience = std::chrono::minutes(10);
constexpr const char* loopback = "127.0.0.1";
constexpr std::string_view path = "/callback";
constexpr std::string_view headless_redirect = "http://127.0.0.1:7776/callback";

constexpr std::string_view page =
    "<!doctype html><meta charset=utf-8><title>Mooring</title>"
    "<body style='font-family:sans-serif;margin:4em'><h1>Thank you</h1>"
    "<p>Close this page; the terminal says how it went.</p>";

/// No shell: the address goes to the program as it is.
void open_browser(const std::string& url) {
  const char* named = std::getenv("BROWSER");
  std::string program = named != nullptr && *named != '\0' ? named : "xdg-open";
  std::string address = url;
  std::array<char*, 3> arguments = {program.data(), address.data(), nullptr};
  posix_spawn_file_actions_t actions{};
  posix_spawn_file_actions_init(&actions);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
    posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_RDWR, 0);
  pid_t child = 0;
  posix_spawnp(&child, program.c_str(), &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
}

void say(const std::string& text) { fmt::print(stderr, "{}\n", text); }

}  // namespace

BrowserAgent::BrowserAgent(io::Worker& worker)
    : worker_(worker), came_(worker.executor(), worker.timers()) {}

BrowserAgent::~BrowserAgent() = default;

Result<io::Endpoint> BrowserAgent::listen(const std::string& host, std::uint16_t port) {
  io::HttpServerLimits limits;
  limits.connections = 8;
  limits.body_bytes = 1024;
  server_ = std::make_unique<io::HttpServer>(worker_, limits, [this](io::HttpExchange& exchange) {
    return answer(exchange);
  });
  return server_->listen(host, port);
}

Result<std::string> BrowserAgent::use_redirect_uri(const std::string& configured) {
  const auto wanted = core::Url::parse(configured);
  if (!wanted || !wanted->is_loopback() || wanted->is_tls()) {
    return fail(
        Reason::usage, fmt::format(
                           "auth.redirect_uri {} leads to no port of this machine, so that no "
                           "browser can come back here: use --headless",
                           configured
                       )
    );
  }
  path_ = wanted->path();
  auto host = wanted->host == "localhost" ? std::string(loopback) : wanted->host;
  std::erase_if(host, [](char c) { return c == '[' || c == ']'; });
  if (const auto bound = listen(host, wanted->port); !bound) {
    return fail(
        Reason::io, fmt::format(
                        "auth.redirect_uri {}: {}; free the port, or use --headless", configured,
                        bound.error().detail
                    )
    );
  }
  return configured;
}

Result<std::string> BrowserAgent::redirect_uri(const std::string& before) {
  path_ = path;
  // What we are registered with, if it is free; else another one, and another registration.
  const auto wanted = core::Url::parse(before);
  const std::uint16_t port = wanted && wanted->is_loopback() ? wanted->port : 0;
  auto bound = listen(loopback, port);
  if (!bound && port != 0) bound = listen(loopback, 0);
  if (!bound) return std::unexpected(bound.error());
  return fmt::format("http://{}:{}{}", loopback, bound->port, path);
}

awaitable<void> BrowserAgent::answer(io::HttpExchange& exchange) {
  const bool ours = exchange.method() == "GET" && exchange.path() == path_;
  if (!ours || !callback_.empty()) {
    co_await exchange.respond(404, {{"Content-Type", "text/plain"}}, "nothing here\n");
    co_return;
  }
  callback_ = exchange.target();
  co_await exchange.respond(
      200, {{"Content-Type", "text/html"}, {"Cache-Control", "no-store"}}, page
  );
  came_.set();
}

awaitable<Result<std::string>> BrowserAgent::authorize(std::string url, io::AbortSource& abort) {
  say("Sign in in your browser; if none opens, visit:\n\n  " + url + "\n");
  open_browser(url);
  co_await came_.wait(worker_.timers().now() + patience, &abort);
  if (abort.aborted()) co_return fail(Reason::cancelled, "interrupted");
  if (callback_.empty()) {
    co_return fail(
        Reason::timeout, "nobody signed in within 10 minutes; on a remote machine use --headless"
    );
  }
  co_return callback_;
}

awaitable<void> BrowserAgent::close() {
  if (server_) co_await server_->stop();
}

Result<std::string> PasteAgent::redirect_uri(const std::string& before) {
  return before.empty() ? std::string(headless_redirect) : before;
}

awaitable<Result<std::string>> PasteAgent::authorize(std::string url, io::AbortSource&) {
  say("Visit this address in any browser and sign in:\n\n  " + url +
      "\n\nThe browser then shows an error page (there is nothing at that address); paste its "
      "address here:");
  std::string line;
  if (!std::getline(std::cin, line) || line.empty())
    co_return fail(Reason::cancelled, "no address was pasted; nothing has changed");
  co_return line;
}

Result<std::string> DeviceAgent::redirect_uri(const std::string&) {
  return fail(Reason::usage, "a device needs no redirect");
}

awaitable<Result<std::string>> DeviceAgent::authorize(std::string, io::AbortSource&) {
  co_return fail(Reason::usage, "a device needs no browser here");
}

void DeviceAgent::show(const auth::DevicePrompt& prompt) {
  say(fmt::format(
      "On any device, visit {}\nand enter the code    {}\n", one_line(prompt.verification_uri),
      one_line(prompt.user_code)
  ));
}

}  // namespace mooring::cli
