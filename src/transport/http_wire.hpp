#pragma once

#include <expected>
#include <memory>
#include <mooring/upstream_config.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/http_client.hpp"
#include "io/worker.hpp"
#include "transport/channel.hpp"
#include "transport/credentials.hpp"

namespace mooring::transport {

/// Turns what the channel wants into HTTP requests of one upstream, and error answers into text.
class HttpWire {
 public:
  using Response = std::unique_ptr<io::IncomingHttpResponse>;
  using Answer = std::expected<Response, io::HttpFailure>;

  /// `credentials` empty: the configured headers, for good.
  HttpWire(
      io::Worker& worker, const UpstreamConfig& config, io::HttpClientOptions options,
      std::shared_ptr<const Credentials> credentials = nullptr
  );

  /// Where messages are posted to, if not to the configured URL. What may not follow a redirect to
  /// another origin is not sent there either.
  void post_to(core::Url endpoint);

  awaitable<Answer> post(
      std::string bytes, const SessionHeaders* session, io::AbortSource* abort,
      std::optional<core::TimePoint> deadline = std::nullopt,
      const std::vector<std::pair<std::string, std::string>>& more_headers = {}
  );
  /// The standalone stream, or with `last_event_id` the rest of a broken one.
  awaitable<Answer> get(
      const SessionHeaders* session, std::string_view last_event_id, io::AbortSource* abort,
      std::optional<core::TimePoint> deadline = std::nullopt
  );
  awaitable<Answer> remove(const SessionHeaders& session, core::TimePoint deadline);

  /// Of the credentials that the next request carries.
  std::uint64_t credentials_version() const { return credentials_->version(); }

  /// Fails what is open and sends nothing any more.
  void close() { client_.reset(); }

 private:
  using Headers = std::vector<io::HttpHeader>;

  Headers headers(const SessionHeaders* session, std::string_view accept);
  void look_at_credentials();
  /// Built once a session: all its calls have the same.
  std::shared_ptr<const Headers> post_headers(const SessionHeaders* session);
  awaitable<Answer> send(io::OutgoingHttpRequest&& request);
  awaitable<Answer> send_with_proof(
      std::shared_ptr<const Credentials::Value> with, io::OutgoingHttpRequest request
  );

  Result<core::Url> url_;
  std::optional<core::Url> endpoint_;
  std::shared_ptr<const Credentials> credentials_;
  std::shared_ptr<const Credentials::Value> current_;  ///< what `configured_` was made of
  Headers configured_;                                 ///< with the token, if there is one
  std::shared_ptr<const Headers> post_headers_;        ///< of `posts_in_`; empty: not built
  SessionHeaders posts_in_;
  bool own_user_agent_ = true;
  bool strict_redirect_headers_;
  std::unique_ptr<io::HttpClient> client_;
};

}  // namespace mooring::transport
