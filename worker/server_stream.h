// The byte stream to a database server after libpq has logged in: reading and writing on PQsocket,
// through PQsslStruct where the connection is encrypted. Owns the PGconn.
#pragma once

#include <libpq-fe.h>

#include <cstddef>
#include <memory>
#include <string>

namespace pgring {

struct PgConnDeleter {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using PgConn = std::unique_ptr<PGconn, PgConnDeleter>;

class ServerStream {
 public:
  enum class Status : unsigned char { kOk, kWouldBlock, kClosed };
  struct Outcome {
    Status status;
    std::size_t bytes;
  };

  ServerStream() = default;
  explicit ServerStream(PgConn connection);

  Outcome read(char* to, std::size_t capacity);
  Outcome write(const char* from, std::size_t bytes);
  // Decrypted bytes wait that the poller does not know of.
  bool has_buffered() const;
  int fd() const { return PQsocket(connection_.get()); }
  // "TLSv1.3/TLS_AES_256_GCM_SHA384"; empty without TLS.
  std::string tls_description() const;
  PGconn* connection() const { return connection_.get(); }

  // PQfinish says goodbye to the server with a Terminate message. Where a message may be half
  // written that would complete it with other bytes, so the socket is shut down first.
  void close(bool politely);

 private:
  Outcome tls_outcome(int result);

  PgConn connection_;
  void* tls_ = nullptr;  // SSL*, owned by the PGconn
};

}  // namespace pgring
