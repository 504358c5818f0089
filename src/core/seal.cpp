#include "core/seal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>

#include "core/base64.hpp"
#include "core/file.hpp"
#include "core/random.hpp"

namespace mooring::core {
namespace {

constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;
constexpr std::size_t max_plain = std::size_t{1} << 30;  // EVP counts in int

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_CIPHER_CTX, FreeContext>;

// Fetched once: an implicit fetch in every call takes a process-wide lock in OpenSSL 3.0.
const EVP_CIPHER* algorithm() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  return cipher;
}

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(char* text) { return reinterpret_cast<unsigned char*>(text); }

void require(bool ok) {
  if (!ok) std::abort();  // out of memory or no AES: nothing sealed can be trusted then
}

Result<SealKey> read_key(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return fail(
        Reason::io,
        fmt::format("the key file {} is open to other users; chmod 600 it", path.string())
    );
  }
  auto bytes = read_file(path, 64);
  if (!bytes) return std::unexpected(std::move(bytes.error()));
  SealKey key{};
  if (bytes->size() != key.size()) {
    return fail(
        Reason::io,
        fmt::format(
            "the key file {} holds {} bytes instead of {}", path.string(), bytes->size(), key.size()
        )
    );
  }
  std::ranges::copy(*bytes, key.begin());
  return key;
}

/// Writes a complete file under another name and links it: whoever sees `path` sees all of it, and
/// only one can win.
Result<void> create_key(const std::filesystem::path& path) {
  const std::filesystem::path temporary =
      fmt::format("{}.{}", path.string(), system_random().token(9));
  auto written = write_file_atomic(temporary, system_random().bytes(sizeof(SealKey)), 0600);
  if (!written) return written;
  const int code = ::link(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
  ::unlink(temporary.c_str());
  if (code == 0 || code == EEXIST) return {};
  return fail(
      Reason::io,
      fmt::format(
          "cannot create the key file {}: {}", path.string(), std::generic_category().message(code)
      )
  );
}

}  // namespace

std::string Sealer::seal(std::string_view plain, std::string_view context) const {
  require(plain.size() <= max_plain && context.size() <= max_plain);
  std::string out(nonce_size + plain.size() + tag_size, '\0');
  require(RAND_bytes(raw(out.data()), nonce_size) == 1);
  const Context state(EVP_CIPHER_CTX_new());
  require(state != nullptr && algorithm() != nullptr);
  int size = 0;
  require(
      EVP_EncryptInit_ex2(state.get(), algorithm(), key_.data(), raw(out.data()), nullptr) == 1 &&
      EVP_EncryptUpdate(
          state.get(), nullptr, &size, raw(context), static_cast<int>(context.size())
      ) == 1 &&
      EVP_EncryptUpdate(
          state.get(), raw(out.data() + nonce_size), &size, raw(plain),
          static_cast<int>(plain.size())
      ) == 1 &&
      EVP_EncryptFinal_ex(state.get(), raw(out.data() + nonce_size + plain.size()), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(
          state.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag_size),
          out.data() + nonce_size + plain.size()
      ) == 1
  );
  return base64url_encode(out);
}

std::optional<std::string> Sealer::open(std::string_view token, std::string_view context) const {
  if (token.size() > max_plain || context.size() > max_plain) return std::nullopt;
  auto sealed = base64url_decode(token);
  if (!sealed || sealed->size() < nonce_size + tag_size) return std::nullopt;
  const std::size_t size_of_plain = sealed->size() - nonce_size - tag_size;
  std::string plain(
      size_of_plain + 1, '\0'
  );  // one more: EVP wants somewhere to point at when there is nothing
  const Context state(EVP_CIPHER_CTX_new());
  require(state != nullptr && algorithm() != nullptr);
  int size = 0;
  const bool ok =
      EVP_DecryptInit_ex2(state.get(), algorithm(), key_.data(), raw(sealed->data()), nullptr) ==
          1 &&
      EVP_DecryptUpdate(
          state.get(), nullptr, &size, raw(context), static_cast<int>(context.size())
      ) == 1 &&
      EVP_DecryptUpdate(
          state.get(), raw(plain.data()), &size, raw(sealed->data() + nonce_size),
          static_cast<int>(size_of_plain)
      ) == 1 &&
      EVP_CIPHER_CTX_ctrl(
          state.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag_size),
          sealed->data() + nonce_size + size_of_plain
      ) == 1 &&
      EVP_DecryptFinal_ex(state.get(), raw(plain.data() + size_of_plain), &size) == 1;
  if (!ok) return std::nullopt;
  plain.resize(size_of_plain);
  return plain;
}

Result<SealKey> load_or_create_key(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) {
    const std::filesystem::path directory = path.has_parent_path() ? path.parent_path() : ".";
    if (auto made = ensure_private_dir(directory); !made) {
      return std::unexpected(std::move(made.error()));
    }
    if (auto made = create_key(path); !made) return std::unexpected(std::move(made.error()));
  }
  return read_key(path);
}

}  // namespace mooring::core
