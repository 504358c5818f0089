#include <string>
#include <vector>

#include "fuzz/fuzz_target.hpp"
#include "protocol/sse.hpp"

using namespace mooring::protocol;
using mooring::fuzz::require;

namespace {

constexpr std::size_t limit = 64;

std::vector<SseEvent> drained(SseDecoder& decoder) {
  std::vector<SseEvent> out;
  while (auto event = decoder.next()) out.push_back(std::move(*event));
  return out;
}

bool same(const SseEvent& a, const SseEvent& b) {
  return a.event == b.event && a.data == b.data && a.id == b.id && a.retry_ms == b.retry_ms &&
         a.has_data == b.has_data;
}

void check(const SseEvent& event) {
  require(event.data.size() <= limit + 8, "the limit holds");
  require(event.event.find_first_of("\r\n") == std::string::npos, "names have no line breaks");
  require(event.has_data || event.id || event.retry_ms, "empty events are not told");
  if (!event.has_data) return;
  SseDecoder decoder(1000);
  require(decoder.feed(encode_sse(event.data, {}, event.event)), "what was decoded can be encoded");
  const auto again = decoder.next();
  require(again && again->data == event.data && again->event == event.event, "and means the same");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = mooring::fuzz::text_of(data, size);
  SseDecoder whole(limit);
  const bool fits = whole.feed(text);
  SseDecoder cut(limit);
  bool cut_fits = true;
  mooring::fuzz::in_pieces(text, [&](std::string_view piece) {
    return cut_fits = cut.feed(piece);
  });
  require(fits == cut_fits, "cuts do not change the verdict");
  const auto events = drained(whole);
  const auto cut_events = drained(cut);
  require(events.size() == cut_events.size(), "cuts do not change the number of events");
  for (std::size_t i = 0; i < events.size(); ++i) {
    require(same(events[i], cut_events[i]), "cuts do not change an event");
    check(events[i]);
  }
  require(whole.last_event_id() == cut.last_event_id(), "cuts do not change the last id");
  return 0;
}
