// A client's statement names: what a unit says of them holds once the server has confirmed it.
#include "master/client_statements.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/unit/shared_fixture.h"

namespace pgring {
namespace {

struct Names : SharedFixture {
  StatementDictionary dictionary{state, 0, 64};
  std::optional<ClientStatements> client{dictionary};

  uint32_t entry(std::string_view text) {
    return dictionary.acquire(text, {}, TaskTraffic::kExclusive);
  }
  void prepare(std::string_view name, std::string_view text) {
    client->expect_prepare(name, entry(text));
  }
  // Whether nobody refers to the text: then enough others push it out.
  bool is_unused(std::string_view text) {
    const uint32_t number = entry(text);
    const uint64_t before = dictionary[number].serial;
    dictionary.drop_reference(number);
    for (uint32_t i = 0; i < kMaxStatements; ++i) {
      const uint32_t other = entry("filler " + std::to_string(i));
      if (other != kNoStatement) dictionary.drop_reference(other);
    }
    const uint32_t again = entry(text);
    const bool evicted = dictionary[again].serial != before;
    dictionary.drop_reference(again);
    return evicted;
  }
};

TEST_CASE("names: the unit sees its own changes, others see those confirmed") {
  Names names;
  names.prepare("a", "select 1");
  CHECK(names.client->find("a") != kNoStatement);
  CHECK(names.client->size() == 0);
  names.client->settle(1);
  CHECK(names.client->size() == 1);
  names.client->expect_forget("a");
  CHECK(names.client->find("a") == kNoStatement);
  names.client->settle(0);  // the unit failed before
  CHECK(names.client->find("a") != kNoStatement);
  names.client->expect_forget("a");
  names.client->settle(1);
  CHECK(names.client->find("a") == kNoStatement);
  CHECK(names.client->size() == 0);
}

TEST_CASE("names: the first changes took place, the others did not") {
  Names names;
  names.prepare("a", "select 1");
  names.prepare("b", "select 2");
  names.prepare("c", "select 3");
  names.client->settle(2);
  CHECK(names.client->find("a") != kNoStatement);
  CHECK(names.client->find("b") != kNoStatement);
  CHECK(names.client->find("c") == kNoStatement);
}

TEST_CASE("names: closed and prepared anew within one unit") {
  Names names;
  names.prepare("a", "select 1");
  names.client->settle(1);
  const uint32_t old = names.client->find("a");
  names.client->expect_forget("a");
  names.prepare("a", "select 2");
  CHECK(names.client->find("a") != old);
  names.client->settle(2);
  CHECK(names.client->find("a") != old);
  CHECK(names.client->size() == 1);
}

TEST_CASE("names: every reference is given back") {
  Names names;
  names.prepare("a", "select kept");
  names.client->settle(1);
  CHECK_FALSE(names.is_unused("select kept"));
  names.prepare("b", "select refused");
  names.client->settle(0);
  CHECK(names.is_unused("select refused"));
  names.prepare("a", "select instead");
  names.client->settle(1);
  CHECK(names.is_unused("select kept"));
  names.prepare("c", "select under way");
  names.client.reset();
  CHECK(names.is_unused("select instead"));
  CHECK(names.is_unused("select under way"));
}

TEST_CASE("names: two clients and one text") {
  Names names;
  ClientStatements other(names.dictionary);
  names.prepare("mine", "select 1");
  names.client->settle(1);
  other.expect_prepare("its", names.entry("select 1"));
  other.settle(1);
  CHECK(names.client->find("mine") == other.find("its"));
  CHECK(other.find("mine") == kNoStatement);
  names.client->forget_all();
  CHECK_FALSE(names.is_unused("select 1"));
}

TEST_CASE("names: the unnamed statement is kept as it was sent, and dropped by a failing Parse") {
  Names names;
  names.client->expect_unnamed("P....", 7);
  names.client->settle(1);
  CHECK(names.client->unnamed == "P....");
  CHECK(names.client->unnamed_serial == 7);
  names.client->expect_unnamed("P,,,,", 8);
  names.client->settle(0);  // skipped behind an error
  CHECK(names.client->unnamed == "P....");
  names.client->expect_unnamed("P,,,,", 8);
  names.client->settle(0, true);
  CHECK(names.client->unnamed.empty());
  names.client->expect_unnamed("P;;;;", 9);
  names.client->settle(1);
  names.client->forget_all();
  CHECK(names.client->unnamed.empty());
}

TEST_CASE("names: texts that would be read otherwise now are forgotten") {
  Names names;
  const std::string_view accents = "select '\xc3\xa9'";
  const std::string_view backslash = "select 'a\\x41'", plain = "select 1";
  const auto prepare_all = [&] {
    names.prepare("accents", accents);
    names.prepare("backslash", backslash);
    names.prepare("plain", plain);
    names.client->settle(3);
    names.client->unnamed = accents;
  };
  const auto known = [&] {
    std::string initials;
    for (const char* name : {"accents", "backslash", "plain"}) {
      if (names.client->find(name) != kNoStatement) initials += name[0];
    }
    return initials;
  };
  prepare_all();
  names.client->forget_misread(true, false);
  CHECK(known() == "bp");
  CHECK(names.client->unnamed.empty());
  prepare_all();
  names.client->forget_misread(false, true);
  CHECK(known() == "ap");
  CHECK(names.client->unnamed == accents);
  CHECK(names.is_unused(backslash));
}

TEST_CASE("names: an error speaks of statements by the client's own names") {
  Names names;
  names.prepare("report", "select 1");
  names.client->settle(1);
  const uint64_t serial = names.dictionary[names.client->find("report")].serial;
  const std::string server = "pgring_" + std::to_string(serial);
  CHECK(names.client->with_own_names("prepared statement \"" + server + "\" does not exist") ==
        "prepared statement \"report\" does not exist");
  CHECK(names.client->with_own_names(server + " and " + server) == "report and report");
  CHECK(names.client->with_own_names("table pgring_ and pgring_x and pgring_999999") ==
        "table pgring_ and pgring_x and pgring_999999");
  CHECK(names.client->with_own_names("pgring_99999999999999999999999999") ==
        "pgring_99999999999999999999999999");
  CHECK(names.client->with_own_names("pgring_") == "pgring_");
  CHECK(names.client->with_own_names("") == "");
  CHECK(names.client->with_own_names(server + "0") == server + "0");
}

}  // namespace
}  // namespace pgring
