#include <string>

#include "fuzz/fuzz_target.hpp"
#include "recovery/decide.hpp"
#include "recovery/failure_json.hpp"

using namespace mooring::recovery;
using mooring::fuzz::require;

namespace {

bool wants_new_session(const Conclusion& conclusion) {
  return conclusion.about_session() || conclusion.action == Action::reauthorize;
}

void check(const Failure& failure) {
  const Conclusion conclusion = classify(failure);
  require(!conclusion.reason.empty(), "there is a reason");
  require(conclusion.reason.find('\n') == std::string::npos, "of one line");
  const Delivery delivery = delivery_of(failure, conclusion);
  if (failure.aborted) {
    require(conclusion.kind == Kind::cancelled, "what was cancelled is cancelled");
  } else if (failure.result) {
    require(conclusion.kind == Kind::tool_error, "results are never read");
  }
  if (failure.aborted || failure.result) {
    require(!wants_new_session(conclusion), "and nothing is healed");
  }
  if (!failure.sent_session_id && failure.phase == Phase::post) {
    require(
        !conclusion.about_session() || conclusion.kind == Kind::not_initialized,
        "no session, none to lose"
    );
  }
  if (failure.stage && delivery == Delivery::refused) {
    require(failure.unprocessed, "what broke off was refused only where the peer vouches for it");
  }
  Attempted attempted;
  attempted.conclusion = conclusion;
  attempted.delivery = delivery;
  attempted.method = "tools/call";
  if (delivery == Delivery::unknown || delivery == Delivery::answered) {
    require(!decide(attempted).repeat, "what may have run is not run again");
  }
}

/// The text as an answer with each status, and as the sentence of an error.
void check_text(const std::string& text) {
  Failure failure;
  failure.method = "tools/call";
  for (const bool session : {true, false}) {
    failure.sent_session_id = session;
    failure.body = text;
    for (const int status : {200, 400, 401, 403, 404, 410, 422, 429, 500, 503}) {
      failure.http_status = status;
      check(failure);
    }
    failure.http_status.reset();
    failure.in_band = true;
    check(failure);
    failure.in_band = false;
    failure.body.clear();
    failure.error = text;
    check(failure);
    failure.error.clear();
  }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(mooring::fuzz::text_of(data, size));
  if (const auto written = read_failure(text)) check(written->failure);
  check_text(text);
  return 0;
}
