#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.hpp"
#include "config/foreign_servers.hpp"

namespace mooring::cli {

/// What becomes of a server that was found in a file of another client.
struct PlannedServer {
  enum class Verdict : std::uint8_t {
    add,
    replace,
    same,     ///< as one that is there, or that was found before
    differs,  ///< from one of that name; left alone
    cannot,
  };

  config::ForeignServer server;
  std::string from;
  Verdict verdict = Verdict::add;

  bool is_written() const { return verdict == Verdict::add || verdict == Verdict::replace; }
};

/// Compares what is found with what is there, in the order in which it comes.
class ImportPlan {
 public:
  /// `gateways`: URLs of Mooring itself, which would lead back here.
  ImportPlan(const config::Config& present, bool replace, std::vector<std::string> gateways);

  void add(config::ForeignServer server, std::string from);

  const std::vector<PlannedServer>& servers() const { return servers_; }
  std::size_t count() const;  ///< that are to be written
  /// One line a server, and below them what is to be known about each.
  std::string table(std::size_t width) const;

 private:
  PlannedServer::Verdict judge(config::ForeignServer& server) const;
  bool leads_back(const config::ServerDraft& draft) const;

  const config::Config& present_;
  bool replace_;
  std::vector<std::string> gateways_;
  std::vector<PlannedServer> servers_;
  std::vector<UpstreamConfig> seen_;  ///< of those that are to be written
};

}  // namespace mooring::cli
