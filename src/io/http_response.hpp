#pragma once

#include <memory>
#include <optional>
#include <string>

#include "io/http_connector.hpp"
#include "io/http_response_parser.hpp"

namespace mooring::io {

/// One attempt at one request on one connection, and the response it brings.
class HttpResponse final : public IncomingHttpResponse, public Pooled {
 public:
  HttpResponse(
      std::shared_ptr<HttpClientState> client, std::shared_ptr<const HttpClientState::Origin> to,
      AbortSource* abort, bool head
  );
  ~HttpResponse() override;

  Interrupt& interrupt() { return interrupt_; }
  void adopt(std::unique_ptr<ClientConnection> connection, bool reused);
  /// Writes `head` and then `body`, and reads the head of the response. Empty: there is a response.
  awaitable<std::optional<HttpFailure>> perform(
      std::string_view head, std::string_view body, std::optional<core::TimePoint> deadline
  );
  /// Reads what little body a redirect has, for the connection's sake.
  awaitable<void> discard();

  int status() const override { return parser_->status(); }
  std::string_view header(std::string_view name) const override {
    return parser_->fields().find(name);
  }
  std::vector<HttpHeader> headers() const override;
  std::optional<std::uint64_t> content_length() const override { return parser_->content_length(); }
  const core::Url& url() const override { return to_->url; }
  std::size_t bytes_sent() const override { return sent_; }
  bool connection_reused() const override { return reused_; }
  std::optional<std::string_view> read_now() override;
  awaitable<std::expected<std::string_view, HttpFailure>> read_some(
      std::optional<core::TimePoint> deadline
  ) override;
  awaitable<std::expected<std::string, HttpFailure>> read_all(
      std::size_t limit, std::optional<core::TimePoint> deadline
  ) override;

 private:
  using Stage = HttpFailure::Stage;

  HttpFailure failure(Stage stage, std::string message);
  awaitable<std::string> write(std::string_view bytes, NetStream::Io io);
  bool head_complete();
  bool early_answer();
  void watch();
  void finish();
  void release();

  std::shared_ptr<HttpClientState> client_;
  std::shared_ptr<const HttpClientState::Origin> to_;
  bool head_request_;
  Interrupt interrupt_;
  std::unique_ptr<ClientConnection> connection_;
  std::unique_ptr<HttpResponseParser> parser_;  ///< from and to the client's spare ones
  std::optional<HttpFailure> failed_;
  std::size_t sent_ = 0;
  std::uint64_t wire_at_start_ = 0;
  bool reused_ = false;
  bool sent_whole_ = false;
};

}  // namespace mooring::io
