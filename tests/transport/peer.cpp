#include "peer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>
#include <vector>

#include "protocol/frame.hpp"
#include "protocol/json_scan.hpp"
#include "protocol/messages.hpp"

namespace mooring::transport {

namespace {

using protocol::Frame;

class Peer {
 public:
  Peer() {
    methods_ = {
        {"echo", [](const Frame& f) { answer(f, R"({"ok":true})"); }},
        {"hold", [this](const Frame& f) { held_.emplace_back(f.id()); }},
        {"release", [this](const Frame& f) { release(f); }},
        {"noise", [](const Frame& f) { noise(f); }},
        {"big", [](const Frame& f) { big(f); }},
        {"progress", [](const Frame& f) { progress(f); }},
        {"changed", [](const Frame& f) { say("notifications/tools/list_changed", f); }},
        {"log", [](const Frame& f) { say("notifications/message", f); }},
        {"ask", [this](const Frame& f) { ask(f); }},
        {"batch", [](const Frame& f) { batch(f); }},
        {"env", [](const Frame& f) { env(f); }},
        {"complain", [](const Frame& f) { complain(f); }},
        {"die", [](const Frame&) { die(); }},
        {"last-words", [](const Frame& f) { last_words(f); }},
        {"mute", [](const Frame&) { mute(); }},
        {"deaf", [](const Frame&) { deaf(); }},
    };
  }

  int run() {
    std::string line;
    while (std::getline(std::cin, line)) {
      auto frame = Frame::parse(line);
      if (!frame) {
        write(R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"parse error"}})");
      } else if (frame->is_request()) {
        methods_.at(frame->method())(*frame);
      } else if (frame->is_response() && !asking_.empty()) {
        write(protocol::make_result(asking_, protocol::make_result({}, frame->result())));
        asking_.clear();
      }
    }
    return 0;
  }

 private:
  static void write(const std::string& line) { std::cout << line << std::endl; }
  static void answer(const Frame& frame, std::string_view result) {
    write(protocol::make_result(frame.id(), result));
  }
  static long long number(const Frame& frame, std::string_view key) {
    const auto raw = protocol::member(frame.params(), key);
    return raw ? std::atoll(std::string(*raw).c_str()) : 0;
  }

  void release(const Frame& frame) {
    for (auto id = held_.rbegin(); id != held_.rend(); ++id) {
      write(protocol::make_result(*id, fmt::format(R"({{"held":{}}})", *id)));
    }
    held_.clear();
    answer(frame, "{}");
  }
  static void noise(const Frame& frame) {
    write("Server starting on stdio");
    write("{\"level\":30,\"msg\":\"hello\"}");
    write("[1, 2");
    write("");
    answer(frame, "{}");
  }
  static void big(const Frame& frame) {
    const auto size = static_cast<std::size_t>(number(frame, "bytes"));
    write(fmt::format(
        R"({{"result":{{"id":77,"t":"{}"}},"jsonrpc":"2.0","id":{}}})", std::string(size, 'x'),
        frame.id()
    ));
  }
  static void progress(const Frame& frame) {
    for (long long i = 1; i <= number(frame, "steps"); ++i) {
      write(protocol::make_notification(
          "notifications/progress",
          fmt::format(R"({{"progressToken":{},"progress":{}}})", frame.progress_token(), i)
      ));
    }
    answer(frame, "{}");
  }
  static void say(std::string_view method, const Frame& frame) {
    write(protocol::make_notification(method, "{}"));
    answer(frame, "{}");
  }
  void ask(const Frame& frame) {
    asking_ = frame.id();
    write(protocol::make_request("\"q1\"", "sampling/createMessage", "{}"));
  }
  static void batch(const Frame& frame) {
    write(fmt::format(
        "[{},{}]", protocol::make_notification("notifications/message", "{}"),
        protocol::make_result(frame.id(), "{}")
    ));
  }
  static void env(const Frame& frame) {
    std::string all;
    for (char** entry = environ; *entry != nullptr; ++entry) {
      all += fmt::format("{}{}", all.empty() ? "" : ",", protocol::quote(*entry));
    }
    answer(frame, fmt::format(R"({{"env":[{}]}})", all));
  }
  static void complain(const Frame& frame) {
    std::cerr << "careful: token=abcdef123456\n" << std::flush;
    answer(frame, "{}");
  }
  [[noreturn]] static void die() {
    std::cerr << "starting\nfatal: out of cheese\n" << std::flush;
    std::_Exit(3);
  }
  [[noreturn]] static void last_words(const Frame& frame) {
    answer(frame, R"({"last":true})");
    std::_Exit(0);
  }
  static void mute() {
    ::close(STDOUT_FILENO);
    for (;;) ::pause();
  }
  static void deaf() {
    for (;;) ::pause();
  }

  std::map<std::string, std::function<void(const Frame&)>> methods_;
  std::vector<std::string> held_;
  std::string asking_;
};

}  // namespace

int run_peer() { return Peer().run(); }

}  // namespace mooring::transport
