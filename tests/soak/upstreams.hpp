#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "harness/process.hpp"
#include "soak/dice.hpp"
#include "soak/journal.hpp"

namespace mooring::soak {

/// A program of ours that listens on a port of its own, and comes back there each time.
class Listener {
 public:
  /// `words` end with the value of --listen, which is added.
  Listener(std::vector<std::string> words, std::uint16_t port);
  void start();
  void signal(int number) const;
  /// Ends it with this signal, and waits for that.
  void end(int number);
  void become(std::vector<std::string> words) { words_ = std::move(words); }
  std::uint16_t port() const { return port_; }

 private:
  std::vector<std::string> words_;
  std::uint16_t port_;
  std::unique_ptr<integration::Process> process_;
};

/// How an upstream over HTTP is made. `faults` of mooring chaos; none: nothing stands before it.
struct HttpPlan {
  std::string name;
  std::vector<std::string> options;  ///< of mooring-everything while faults last
  std::vector<std::string> faults;
};

class HttpUpstream {
 public:
  HttpUpstream(HttpPlan plan, const std::filesystem::path& ledgers, Dice& dice, std::uint64_t seed);
  const std::string& name() const { return plan_.name; }
  std::string config() const;
  void start();
  Listener& server() { return server_; }
  /// Starts all of it anew, without faults.
  void calm();

 private:
  HttpPlan plan_;
  std::string ledger_;
  Listener server_;
  std::unique_ptr<Listener> chaos_;
};

/// A child of the gateway.
class StdioUpstream {
 public:
  StdioUpstream(std::string name, const std::filesystem::path& ledgers);
  const std::string& name() const { return name_; }
  std::string config() const;
  /// Its processes that live; guards are not counted.
  std::vector<pid_t> children() const;

 private:
  std::string name_, ledger_;
};

/// Five over HTTP and three over stdio.
struct Upstreams {
  Upstreams(const std::filesystem::path& ledgers, std::uint64_t seed);
  std::vector<std::string> names() const;
  /// A configuration file for the gateway. Times are short, so that minutes see much.
  std::string config() const;

  std::vector<std::unique_ptr<HttpUpstream>> http;
  std::vector<StdioUpstream> stdio;
};

}  // namespace mooring::soak
