// What applications in Java do through the JDBC driver. Prints "ok NAME" or "FAILED NAME: why" for each
// check; the arguments are host, port, database and user.

import java.io.StringReader;
import java.io.StringWriter;
import java.sql.Array;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public final class DriverTest {
  private interface Check {
    void run(Connection connection) throws Exception;
  }

  private final String url;
  private final String user;

  private DriverTest(String[] arguments) {
    url = "jdbc:postgresql://" + arguments[0] + ":" + arguments[1] + "/" + arguments[2];
    user = arguments[3];
  }

  public static void main(String[] arguments) {
    DriverTest test = new DriverTest(arguments);
    test.run("statements", "", DriverTest::statements);
    test.run("prepare_threshold_default", "", c -> repeated(c, 20));
    test.run("prepare_threshold_one", "?prepareThreshold=1", c -> repeated(c, 20));
    test.run("prepare_threshold_never", "?prepareThreshold=0", c -> repeated(c, 20));
    test.run("binary_from_the_first_time", "?prepareThreshold=-1", c -> repeated(c, 20));
    test.run("many_statements_in_turn", "?prepareThreshold=1", DriverTest::manyStatements);
    test.run("simple_query_mode", "?preferQueryMode=simple", c -> repeated(c, 5));
    test.run("batch", "", DriverTest::batch);
    test.run("rewritten_batch", "?reWriteBatchedInserts=true", DriverTest::batch);
    test.run("failing_batch", "", DriverTest::failingBatch);
    test.run("fetch_size", "", DriverTest::fetchSize);
    test.run("savepoints", "", DriverTest::savepoints);
    test.run("copy", "", DriverTest::copy);
    test.run("arrays_and_types", "", DriverTest::types);
    test.run("cancel", "", DriverTest::cancel);
    test.run("query_timeout", "", DriverTest::queryTimeout);
    test.run("read_only_and_isolation", "", DriverTest::isolation);
    test.run("metadata", "", DriverTest::metadata);
    test.run("threads", "?prepareThreshold=1", c -> test.threads());
  }

  private Connection connect(String options) throws SQLException {
    return DriverManager.getConnection(url + options, user, "");
  }

  private void run(String name, String options, Check check) {
    try (Connection connection = connect(options)) {
      check.run(connection);
      System.out.println("ok " + name);
    } catch (Exception | AssertionError error) {
      System.out.println("FAILED " + name + ": " + String.valueOf(error).replace('\n', ' '));
    }
  }

  private static void expect(Object wanted, Object found) {
    if (!wanted.equals(found)) throw new AssertionError("wanted " + wanted + ", found " + found);
  }

  private static int number(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
         ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getInt(1);
    }
  }

  private static void statements(Connection connection) throws SQLException {
    expect(1, number(connection, "select 1"));
    try (Statement statement = connection.createStatement()) {
      statement.execute("create table if not exists jdbc_t (a int, b text)");
      statement.execute("truncate jdbc_t");
      expect(2, statement.executeUpdate("insert into jdbc_t values (1, 'x'), (2, 'y')"));
      statement.executeUpdate("insert into jdbc_t values (3, 'z')", Statement.RETURN_GENERATED_KEYS);
      try (ResultSet keys = statement.getGeneratedKeys()) {
        keys.next();
        expect("z", keys.getString("b"));
      }
    }
  }

  private static void repeated(Connection connection, int times) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement("select ?::int * 2, ?::text")) {
      for (int i = 0; i < times; ++i) {
        statement.setInt(1, i);
        statement.setString(2, "row " + i);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          expect(i * 2, rows.getInt(1));
          expect("row " + i, rows.getString(2));
        }
      }
    }
  }

  private static void manyStatements(Connection connection) throws SQLException {
    for (int round = 0; round < 3; ++round) {
      for (int i = 0; i < 300; ++i) {
        try (PreparedStatement statement = connection.prepareStatement("select " + i + " + ?")) {
          statement.setInt(1, round);
          try (ResultSet rows = statement.executeQuery()) {
            rows.next();
            expect(i + round, rows.getInt(1));
          }
        }
      }
    }
  }

  private static void batch(Connection connection) throws SQLException {
    connection.createStatement().execute("truncate jdbc_t");
    connection.setAutoCommit(false);
    try (PreparedStatement insert = connection.prepareStatement("insert into jdbc_t values (?, ?)")) {
      for (int i = 0; i < 1000; ++i) {
        insert.setInt(1, i);
        insert.setString(2, "b" + i);
        insert.addBatch();
      }
      expect(1000, insert.executeBatch().length);
    }
    connection.commit();
    expect(1000, number(connection, "select count(*) from jdbc_t"));
    connection.commit();
  }

  private static void failingBatch(Connection connection) throws SQLException {
    connection.createStatement().execute("truncate jdbc_t");
    try (PreparedStatement insert =
             connection.prepareStatement("insert into jdbc_t values (10 / ?, 'x')")) {
      for (int divisor : new int[] {1, 2, 0, 5}) {
        insert.setInt(1, divisor);
        insert.addBatch();
      }
      insert.executeBatch();
      throw new AssertionError("the batch did not fail");
    } catch (SQLException error) {
      expect("22012", error.getSQLState());
    }
    expect(0, number(connection, "select count(*) from jdbc_t"));
  }

  private static void fetchSize(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    try (PreparedStatement statement =
             connection.prepareStatement("select generate_series(1, ?::int)")) {
      statement.setFetchSize(50);
      for (int count : new int[] {1000, 50, 1}) {
        statement.setInt(1, count);
        long sum = 0;
        try (ResultSet rows = statement.executeQuery()) {
          while (rows.next()) {
            sum += rows.getInt(1);
            if (rows.getInt(1) == 75) expect(7, number(connection, "select 7"));
          }
        }
        expect((long) count * (count + 1) / 2, sum);
      }
    }
    connection.commit();
  }

  private static void savepoints(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    connection.createStatement().execute("truncate jdbc_t");
    Savepoint savepoint = connection.setSavepoint("before");
    try {
      connection.createStatement().execute("select 1/0");
      throw new AssertionError("no error");
    } catch (SQLException error) {
      connection.rollback(savepoint);
    }
    connection.createStatement().execute("insert into jdbc_t values (1, 'kept')");
    connection.commit();
    expect(1, number(connection, "select count(*) from jdbc_t"));
    connection.commit();
  }

  private static void copy(Connection connection) throws Exception {
    connection.createStatement().execute("truncate jdbc_t");
    CopyManager copies = connection.unwrap(PGConnection.class).getCopyAPI();
    expect(2L, copies.copyIn("copy jdbc_t from stdin csv", new StringReader("1,one\n2,two\n")));
    StringWriter out = new StringWriter();
    copies.copyOut("copy (select * from jdbc_t order by a) to stdout csv", out);
    expect("1,one\n2,two\n", out.toString());
    try {
      copies.copyIn("copy jdbc_t from stdin csv", new StringReader("x,y\n"));
      throw new AssertionError("no error");
    } catch (SQLException error) {
      expect("22P02", error.getSQLState());
    }
    expect(2, number(connection, "select count(*) from jdbc_t"));
  }

  private static void types(Connection connection) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(
             "select ?::int[], ?::numeric, ?::bytea, ?::timestamptz, ?::bool")) {
      for (int i = 0; i < 10; ++i) {  // text first, binary once the driver has prepared it
        Array array = connection.createArrayOf("int4", new Integer[] {1, null, 3});
        statement.setArray(1, array);
        statement.setBigDecimal(2, new java.math.BigDecimal("12.50"));
        statement.setBytes(3, new byte[] {0, -1});
        statement.setObject(4, java.time.OffsetDateTime.parse("2024-02-29T12:00:00Z"));
        statement.setBoolean(5, true);
        try (ResultSet rows = statement.executeQuery()) {
          rows.next();
          expect(3, ((Integer[]) rows.getArray(1).getArray())[2]);
          expect(new java.math.BigDecimal("12.50"), rows.getBigDecimal(2));
          expect((byte) -1, rows.getBytes(3)[1]);
          expect(1709208000L, rows.getObject(4, java.time.OffsetDateTime.class).toEpochSecond());
          expect(true, rows.getBoolean(5));
        }
      }
    }
  }

  private static void cancel(Connection connection) throws Exception {
    ExecutorService pool = Executors.newSingleThreadExecutor();
    try (Statement statement = connection.createStatement()) {
      Future<?> running = pool.submit(() -> statement.execute("select pg_sleep(41)"));
      while (!running.isDone() && !isRunning(connection)) Thread.onSpinWait();
      statement.cancel();
      running.get();
      throw new AssertionError("not cancelled");
    } catch (java.util.concurrent.ExecutionException error) {
      expect("57014", ((SQLException) error.getCause()).getSQLState());
    } finally {
      pool.shutdownNow();
    }
    expect(1, number(connection, "select 1"));
  }

  private static boolean isRunning(Connection busy) throws SQLException {
    String url = busy.getMetaData().getURL();
    try (Connection watcher = DriverManager.getConnection(url, busy.getMetaData().getUserName(), "")) {
      return number(watcher, "select count(*) from pg_stat_activity where state = 'active'"
          + " and query = 'select pg_sleep(41)'") == 1;
    }
  }

  private static void queryTimeout(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.setQueryTimeout(1);
      statement.execute("select pg_sleep(42)");
      throw new AssertionError("no timeout");
    } catch (SQLException error) {
      expect("57014", error.getSQLState());
    }
    expect(1, number(connection, "select 1"));
  }

  private static void isolation(Connection connection) throws SQLException {
    connection.setAutoCommit(false);
    connection.setReadOnly(true);
    expect(1, number(connection, "select 1"));
    try {
      connection.createStatement().execute("insert into jdbc_t values (1, 'x')");
      throw new AssertionError("written in a read-only transaction");
    } catch (SQLException error) {
      expect("25006", error.getSQLState());
    }
    connection.rollback();
  }

  private static void metadata(Connection connection) throws SQLException {
    List<String> columns = new ArrayList<>();
    try (ResultSet rows = connection.getMetaData().getColumns(null, "public", "jdbc_t", null)) {
      while (rows.next()) columns.add(rows.getString("COLUMN_NAME"));
    }
    expect(List.of("a", "b"), columns);
  }

  private void threads() throws Exception {
    ExecutorService pool = Executors.newFixedThreadPool(16);
    List<Callable<Void>> work = new ArrayList<>();
    for (int i = 0; i < 16; ++i) {
      work.add(() -> {
        try (Connection connection = connect("?prepareThreshold=1")) {
          repeated(connection, 50);
        }
        return null;
      });
    }
    for (Future<Void> done : pool.invokeAll(work)) done.get();
    pool.shutdown();
  }
}
