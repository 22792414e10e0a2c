// Starting tests/support/postgres_for_tests and speaking to it.
#include "tests/process/test_server.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <stdexcept>

#include "common/fd.h"
#include "common/platform.h"

namespace pgring::test {
namespace {

// However many pieces it is written in; empty where the writer ends without a newline.
std::string read_line(int fd) {
  std::string line;
  for (char c; ::read(fd, &c, 1) == 1;) {
    if (c == '\n') return line;
    line += c;
  }
  return {};
}

class PrivateServer {
 public:
  PrivateServer() {
    if (const char* given = std::getenv("PGRING_TEST_CONNINFO")) {
      conninfo_ = given;
      return;
    }
    Pipe to = make_pipe(PipeMode::kBlocking);
    Pipe from = make_pipe(PipeMode::kBlocking);
    if (::fork() == 0) {
      ::dup2(to.read.get(), STDIN_FILENO);
      ::dup2(from.write.get(), STDOUT_FILENO);
      ::execl("tests/support/postgres_for_tests", "postgres_for_tests", nullptr);
      ::_exit(127);
    }
    from.write.reset();
    keep_ = std::move(to.write);  // its end stops the server
    conninfo_ = read_line(from.read.get());
    if (conninfo_.empty()) throw std::runtime_error("no PostgreSQL could be started for the tests");
  }
  const std::string& conninfo() const { return conninfo_; }

 private:
  Fd keep_;
  std::string conninfo_;
};

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
  void operator()(PGresult* result) const { PQclear(result); }
};

}  // namespace

const std::string& test_conninfo() {
  static const PrivateServer server;
  return server.conninfo();
}

std::string run_sql(const std::string& sql) {
  const std::unique_ptr<PGconn, Finish> connection(PQconnectdb(test_conninfo().c_str()));
  const std::unique_ptr<PGresult, Finish> result(PQexec(connection.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    throw std::runtime_error(PQerrorMessage(connection.get()));
  }
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace pgring::test
