#pragma once

#include <sys/stat.h>

#include <filesystem>
#include <mooring/result.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "config/config_edit.hpp"
#include "config/server_draft.hpp"

namespace mooring::cli {

/// The file that `add`, `remove` and `import` change: the one of --config, else the one that is
/// used when none is named, else $XDG_CONFIG_HOME/mooring/mooring.yaml, which need not exist.
Result<std::filesystem::path> config_to_edit(const CommonOptions& options);

/// Answers for variables that are not set too, so that an entry can be looked at before they are.
config::Env forgiving_environment();

/// One configuration file, changed in memory and then written at once. While it exists, others of
/// its kind wait.
///
/// Credentials go into FILE.secrets/SERVER.env beside it (0600, the directory 0700), which the
/// entry names as its `envFile`.
class ConfigEditor {
 public:
  /// An error: the file cannot be read, or has errors itself.
  static Result<ConfigEditor> open(std::filesystem::path path);
  ConfigEditor(ConfigEditor&& other) noexcept;
  ConfigEditor& operator=(ConfigEditor&&) = delete;
  ~ConfigEditor();

  std::vector<std::string> names() const;
  /// Reason::usage: the name or the entry is wrong. Reason::rejected: the name is taken.
  Result<void> add(config::ServerDraft draft, config::Taken taken);
  /// Reason::unknown_server: there is none of that name.
  Result<void> remove(const std::string& name);
  /// Writes everything or, when that fails, leaves everything as it was.
  Result<void> save();

  const std::filesystem::path& path() const { return path_; }
  /// Files with credentials that save() writes, or takes away.
  std::vector<std::filesystem::path> written() const;
  std::vector<std::filesystem::path> obsolete() const;

 private:
  struct SecretFile {
    std::string name;  ///< as `envFile` has it
    std::string text;
  };

  explicit ConfigEditor(std::filesystem::path path) : path_(std::move(path)) {}

  void lock();
  std::string folder() const;  ///< "mooring.secrets/"
  std::filesystem::path beside(const std::string& name) const;
  bool is_used(const std::string& env_file) const;
  /// Nothing: the draft holds no credentials.
  Result<std::optional<SecretFile>> put_aside(config::ServerDraft& draft) const;
  struct stat owner() const;
  Result<void> write_secrets();
  Result<void> write_config() const;

  std::filesystem::path path_;
  int lock_ = -1;
  bool exists_ = false;
  std::string text_;
  config::Document document_;  ///< of text_
  std::vector<SecretFile> secrets_;
  std::vector<std::string> former_;  ///< secret files of entries that were replaced or removed
};

}  // namespace mooring::cli
