"""What each client finds in the database: a schema of its own with tables and functions.

Results of the tables carry the schema's name, so an answer that reached the wrong client shows.
"""


def create(name):
    """The SQL that makes schema `name`; run once per database."""
    return f"""
create schema {name};
create type {name}.mood as enum ('calm', 'busy');
create table {name}.t(id int primary key, v text, n numeric(12,3), ts timestamptz, b bytea,
                      m {name}.mood);
create table {name}.k(a int, b text, c int constraint {name}_c_positive check (c > 0));
create table {name}.d(id int primary key deferrable initially deferred);
create sequence {name}.q;
create function {name}.tell(message text, times int) returns int language plpgsql as $$
begin
  for i in 1..times loop raise notice '{name}: % %', message, i using hint = 'of {name}'; end loop;
  return times;
end $$;
create function {name}.fail(message text) returns int language plpgsql as $$
begin
  raise exception '{name}: %', message using errcode = 'P0042', detail = 'detail of {name}',
    hint = 'hint of {name}', column = 'the_column', constraint = 'the_constraint',
    datatype = 'the_type', table = 'the_table', schema = '{name}';
end $$;
create function {name}.rows(amount int, width int) returns table(i int, who text)
language sql as $$ select g, rpad('{name}-' || g, width, 'x') from generate_series(1, amount) g $$;
create function {name}.warn_row() returns trigger language plpgsql as $$
begin
  raise warning '{name}: row %', new.id;
  return new;
end $$;
create table {name}.w(id int, v text);
create trigger warn_row before insert on {name}.w for each row execute function {name}.warn_row();
create function {name}.reset() returns void language plpgsql as $$
begin
  drop table if exists {name}.made;
  truncate {name}.t, {name}.k, {name}.d, {name}.w;
  perform setval('{name}.q', 1, false);
  insert into {name}.t select g, '{name}-' || g, g * 1.125, timestamptz '2020-01-01 00:00:00+00'
    + g * interval '1 day 1 hour', decode(repeat(to_hex(g + 16), 5), 'hex'),
    (case when g % 2 = 0 then 'calm' else 'busy' end)::{name}.mood from generate_series(1, 20) g;
  insert into {name}.k select g, '{name}', g from generate_series(1, 5) g;
end $$;
"""
