#include "weather.hpp"

namespace mooring::simulation {
namespace {

constexpr int second = 1000;

const std::vector<Fault>& faults_of(Kind kind) {
  using enum Fault;
  static const std::vector<Fault> http = {connect_refused,
                                          connect_hang,
                                          reset_unsent,
                                          reset_before,
                                          unauthorized,
                                          rate_limited,
                                          unavailable,
                                          odd_400,
                                          hang,
                                          bad_gateway,
                                          garbage,
                                          unfinished,
                                          reset_after,
                                          reset_after,
                                          cut_stream,
                                          hang_after,
                                          wrong_id,
                                          slow,
                                          late,
                                          late,
                                          late,
                                          error_answer,
                                          odd_answer,
                                          tool_error,
                                          forget,
                                          forget,
                                          forget};
  static const std::vector<Fault> stdio = {hang,       hang_after, slow,         wrong_id,
                                           late,       late,       error_answer, odd_answer,
                                           tool_error, die_before, die_after,    die_after};
  return kind == Kind::stdio ? stdio : http;
}

const std::vector<Event>& events_of(Kind kind) {
  using enum Event;
  static const std::vector<Event> http = {forget, forget,   forget, forget, restart, restart,
                                          outage, announce, cut,    reject, listed,  reconnect};
  static const std::vector<Event> without_ids = {restart, outage, announce, cut, listed, reconnect};
  static const std::vector<Event> stdio = {die, die, die, announce, listed, reconnect};
  switch (kind) {
    case Kind::http:
      return http;
    case Kind::http_without_ids:
      return without_ids;
    case Kind::stdio:
      return stdio;
  }
  return http;
}

Duration draw_length(Draw& draw) {
  return draw.chance(0.6) ? draw.time(200, 8 * second) : draw.time(5 * second, 45 * second);
}

Spell draw_spell(Draw& draw, Kind kind, Duration length) {
  static const std::vector<Where> places = {Where::all,   Where::all,   Where::handshake,
                                            Where::lists, Where::calls, Where::calls,
                                            Where::own};
  Spell spell;
  spell.begin = draw.time(0, static_cast<int>(length.count()));
  spell.end = spell.begin + draw_length(draw);
  spell.fault = draw.pick(faults_of(kind));
  spell.probability = draw.chance(0.3) ? 1.0 : 0.1 + 0.1 * draw.between(0, 6);
  spell.where = draw.pick(places);
  return spell;
}

void draw_happenings(Draw& draw, Kind kind, Duration length, std::vector<Happening>& into) {
  Happening first;
  first.at = draw.time(0, static_cast<int>(length.count()));
  first.event = draw.pick(events_of(kind));
  first.lasts = draw_length(draw);
  into.push_back(first);
  // Some come in a row, as from a server that keeps losing what it has.
  if (!draw.chance(0.25)) return;
  const auto gap = draw.chance(0.5) ? draw.time(50, 500) : draw.time(500, 5 * second);
  for (int left = draw.between(2, 12); left > 0; --left) {
    first.at += gap;
    first.lasts = std::min(first.lasts, gap / 2);
    into.push_back(first);
  }
}

}  // namespace

Weather draw_weather(Draw& draw, Kind kind, Duration length) {
  Weather weather;
  for (int left = draw.between(1, 6); left > 0; --left) {
    weather.spells.push_back(draw_spell(draw, kind, length));
  }
  for (int left = draw.between(1, 5); left > 0; --left) {
    draw_happenings(draw, kind, length, weather.happenings);
  }
  // A server that is not there when it is wanted first.
  if (kind != Kind::stdio && draw.chance(0.15)) {
    weather.happenings.push_back({Duration{0}, Event::outage, draw_length(draw)});
  }
  return weather;
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::none:
      return "none";
    case Fault::connect_refused:
      return "connection refused";
    case Fault::connect_hang:
      return "never connects";
    case Fault::reset_unsent:
      return "reset before it is written";
    case Fault::reset_before:
      return "reset before it runs";
    case Fault::unauthorized:
      return "401";
    case Fault::rate_limited:
      return "429";
    case Fault::unavailable:
      return "503";
    case Fault::odd_400:
      return "odd 400";
    case Fault::forget:
      return "session forgotten";
    case Fault::hang:
      return "never answers";
    case Fault::bad_gateway:
      return "502";
    case Fault::garbage:
      return "garbage";
    case Fault::unfinished:
      return "ended before completed";
    case Fault::reset_after:
      return "reset after it ran";
    case Fault::cut_stream:
      return "stream cut";
    case Fault::hang_after:
      return "runs, never answers";
    case Fault::wrong_id:
      return "answers under a wrong id";
    case Fault::slow:
      return "slow";
    case Fault::late:
      return "answers late";
    case Fault::error_answer:
      return "answers an error";
    case Fault::odd_answer:
      return "answers an odd error";
    case Fault::tool_error:
      return "answers isError";
    case Fault::die_before:
      return "dies before it runs";
    case Fault::die_after:
      return "dies after it ran";
  }
  return "none";
}

std::string_view to_string(Where where) {
  switch (where) {
    case Where::all:
      return "all";
    case Where::handshake:
      return "handshake";
    case Where::lists:
      return "lists";
    case Where::calls:
      return "calls";
    case Where::own:
      return "own requests";
  }
  return "all";
}

std::string_view to_string(Event event) {
  switch (event) {
    case Event::forget:
      return "forgets all sessions";
    case Event::restart:
      return "restarts";
    case Event::outage:
      return "is unreachable";
    case Event::die:
      return "dies";
    case Event::announce:
      return "changes its tools";
    case Event::cut:
      return "cuts its event streams";
    case Event::reject:
      return "rejects every session";
    case Event::reconnect:
      return "is to be reconnected";
    case Event::listed:
      return "is asked for its tools";
  }
  return "forgets all sessions";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::http:
      return "http";
    case Kind::http_without_ids:
      return "http without session ids";
    case Kind::stdio:
      return "stdio";
  }
  return "http";
}

}  // namespace mooring::simulation
