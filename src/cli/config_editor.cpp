#include "cli/config_editor.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <tuple>

#include "cli/surroundings.hpp"
#include "config/env_file.hpp"
#include "core/file.hpp"
#include "core/paths.hpp"
#include "core/redact.hpp"
#include "protocol/names.hpp"

namespace mooring::cli {

namespace fs = std::filesystem;

namespace {

fs::path directory_of(const fs::path& path) {
  return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

/// What root writes beside somebody else's configuration is theirs too.
void give_to(const fs::path& path, const struct stat& like) {
  if (::chown(path.c_str(), like.st_uid, like.st_gid) == 0) return;
  std::ignore = ::chown(path.c_str(), static_cast<uid_t>(-1), like.st_gid);
}

/// A file that can be read and replaced, or none at all. The error says what else stands there.
Result<bool> is_there(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (status.type() != fs::file_type::not_found) {
    if (error || fs::is_regular_file(status)) return true;  // reading tells what is wrong
    return fail(Reason::io, fmt::format("{} is no regular file", path.string()));
  }
  if (!fs::is_symlink(fs::symlink_status(path, error))) return false;
  return fail(
      Reason::io, fmt::format(
                      "{} is a link to {}, which is not there; make that file or remove the link",
                      path.string(), fs::read_symlink(path, error).string()
                  )
  );
}

}  // namespace

Result<fs::path> config_to_edit(const CommonOptions& options) {
  if (options.config.size() > 1) {
    return fail(Reason::usage, "one --config names the file to change; there are several");
  }
  if (!options.config.empty()) return options.config.front();
  const auto present = config::default_files(fs::current_path(), environment);
  return present.empty() ? core::config_dir() / "mooring.yaml" : present.front();
}

config::Env forgiving_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    auto value = environment(name);
    return value ? value : "unset-" + name;
  };
}

Result<ConfigEditor> ConfigEditor::open(fs::path path) {
  ConfigEditor editor(std::move(path));
  editor.lock();
  const auto there = is_there(editor.path_);
  if (!there) return std::unexpected(there.error());
  editor.exists_ = *there;
  if (editor.exists_) {
    auto text = core::read_file(editor.path_, config::max_file_bytes);
    if (!text) return std::unexpected(std::move(text.error()));
    editor.text_ = std::move(*text);
  }
  auto document = config::parse_document(editor.text_, editor.path_.string());
  if (!document) return std::unexpected(std::move(document.error()));
  editor.document_ = std::move(*document);
  return editor;
}

ConfigEditor::ConfigEditor(ConfigEditor&& other) noexcept
    : path_(std::move(other.path_)),
      lock_(std::exchange(other.lock_, -1)),
      exists_(other.exists_),
      text_(std::move(other.text_)),
      document_(std::move(other.document_)),
      secrets_(std::move(other.secrets_)),
      former_(std::move(other.former_)) {}

ConfigEditor::~ConfigEditor() {
  if (lock_ >= 0) ::close(lock_);
}

/// On the directory, for the file itself is replaced. Without one there is nothing to lose.
void ConfigEditor::lock() {
  lock_ = ::open(directory_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (lock_ >= 0 && ::flock(lock_, LOCK_EX) != 0 && errno == EINTR) {
  }
}

std::vector<std::string> ConfigEditor::names() const {
  std::vector<std::string> all;
  for (const char* key : {"mcpServers", "servers"}) {
    const auto* servers = document_.root.find(key);
    if (servers == nullptr) continue;
    for (const auto& member : servers->members) all.push_back(member.key);
  }
  return all;
}

Result<void> ConfigEditor::add(config::ServerDraft draft, config::Taken taken) {
  const auto wrong = [](std::string text) { return fail(Reason::usage, std::move(text)); };
  const auto name = draft.name;
  if (const auto bad = config::bad_server_name(name)) {
    return wrong(fmt::format("the name {} {}", config::shown(name), *bad));
  }
  if (const auto entry = config::preview(draft, forgiving_environment()); entry.error) {
    return wrong(entry.error->detail);
  }
  const auto public_form = protocol::sanitize_name(name);
  for (const auto& other : names()) {
    if (other != name && protocol::sanitize_name(other) == public_form) {
      return wrong(fmt::format(
          "the name {} cannot be told from {} in tool names; choose another", name, other
      ));
    }
  }
  const auto* present = config::find_server(document_, name);
  const auto* old_file = present == nullptr ? nullptr : present->value.find("envFile");
  const auto former = old_file == nullptr ? std::string() : old_file->text;
  auto secrets = put_aside(draft);
  if (!secrets) return std::unexpected(std::move(secrets.error()));
  auto text = config::with_server(text_, path_.string(), config::entry_of(draft), taken);
  if (!text) return std::unexpected(std::move(text.error()));
  if (*secrets) secrets_.push_back(std::move(**secrets));
  former_.push_back(former);
  text_ = std::move(*text);
  document_ = *config::parse_document(text_, path_.string());
  return {};
}

Result<void> ConfigEditor::remove(const std::string& name) {
  const auto* present = config::find_server(document_, name);
  const auto* old_file = present == nullptr ? nullptr : present->value.find("envFile");
  if (old_file != nullptr) former_.push_back(old_file->text);
  auto text = config::without_server(text_, path_.string(), name);
  if (!text) return std::unexpected(std::move(text.error()));
  text_ = std::move(*text);
  document_ = *config::parse_document(text_, path_.string());
  return {};
}

std::string ConfigEditor::folder() const { return path_.stem().string() + ".secrets/"; }

fs::path ConfigEditor::beside(const std::string& name) const { return directory_of(path_) / name; }

bool ConfigEditor::is_used(const std::string& env_file) const {
  for (const auto& name : names()) {
    const auto* file = config::find_server(document_, name)->value.find("envFile");
    if (file != nullptr && file->text == env_file) return true;
  }
  return false;
}

/// Moves the credentials of a draft into a new file, so that the old one stays good until the
/// configuration names the new one.
Result<std::optional<ConfigEditor::SecretFile>> ConfigEditor::put_aside(config::ServerDraft& draft
) const {
  auto taken = config::take_secrets(draft);
  if (taken.empty()) return std::nullopt;
  for (const auto& [name, value] : taken) core::register_secret(value);
  if (!draft.env_file.empty()) {
    const auto others = config::read_env_file(draft.env_file);
    if (!others) return fail(Reason::usage, "envFile: " + others.error());
    for (const auto& [name, value] : *others) taken.emplace_back(name, value);
  }
  const auto stem = folder() + protocol::sanitize_name(draft.name);
  auto name = stem + ".env";
  std::error_code ignored;
  for (int number = 2; fs::exists(beside(name), ignored) || is_used(name); ++number) {
    name = fmt::format("{}-{}.env", stem, number);
  }
  draft.env_file = name;
  return SecretFile{name, config::env_file_text(taken)};
}

std::vector<fs::path> ConfigEditor::written() const {
  std::vector<fs::path> all;
  for (const auto& file : secrets_) all.push_back(beside(file.name));
  return all;
}

std::vector<fs::path> ConfigEditor::obsolete() const {
  std::vector<fs::path> all;
  for (const auto& name : former_) {
    const bool ours = name.starts_with(folder()) && name.find("..") == std::string::npos;
    if (ours && !is_used(name)) all.push_back(beside(name));
  }
  return all;
}

Result<void> ConfigEditor::save() {
  std::error_code ignored;
  // A directory that is there already is used as it is.
  if (!fs::exists(directory_of(path_), ignored)) {
    if (auto made = core::ensure_private_dir(directory_of(path_)); !made) return made;
  }
  const bool had_folder = fs::exists(beside(folder()), ignored);
  auto done = write_secrets();
  if (done) done = write_config();
  if (done) {
    for (const auto& path : obsolete()) fs::remove(path, ignored);
    return {};
  }
  for (const auto& path : written()) fs::remove(path, ignored);
  if (!had_folder) fs::remove_all(beside(folder()), ignored);
  done.error().detail += "; nothing was changed";
  return done;
}

/// Whose everything is that is written.
struct stat ConfigEditor::owner() const {
  struct stat out{};
  const auto& like = exists_ ? path_ : directory_of(path_);
  if (::stat(like.c_str(), &out) != 0) {
    out.st_uid = ::geteuid();
    out.st_gid = ::getegid();
  }
  return out;
}

Result<void> ConfigEditor::write_secrets() {
  if (secrets_.empty()) return {};
  const auto directory = beside(folder()).parent_path();
  if (auto made = core::ensure_private_dir(directory); !made) return made;
  give_to(directory, owner());
  std::vector<SecretFile> files = secrets_;
  std::error_code ignored;
  const auto ignore = folder() + ".gitignore";
  if (!fs::exists(beside(ignore), ignored)) files.push_back({ignore, "*\n"});
  for (const auto& file : files) {
    const auto path = beside(file.name);
    if (auto done = core::write_file_atomic(path, file.text); !done) return done;
    give_to(path, owner());
  }
  return {};
}

Result<void> ConfigEditor::write_config() const {
  const auto like = owner();
  auto target = path_;
  mode_t mode = 0600;
  if (exists_) {
    std::error_code error;
    target = fs::canonical(path_, error);  // a link stays a link
    mode = like.st_mode & 07777U;
    // To replace it needs no right to write it, but whoever took that away meant something by it.
    if (error || (mode & 0222U) == 0 || ::access(target.c_str(), W_OK) != 0) {
      return fail(Reason::io, fmt::format("cannot write {}: it is read-only", path_.string()));
    }
  }
  if (auto done = core::write_file_atomic(target, text_, mode); !done) return done;
  give_to(target, like);
  return {};
}

}  // namespace mooring::cli
