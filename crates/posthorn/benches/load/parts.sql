-- Tables for the past, as wide as those that are there.
set search_path = posthorn;
do $$
declare
  eldest date := (select min(first) from parts);
  width integer := (select days from parts order by first limit 1);
begin
  for back in 1 .. 90 / width + 1 loop
    perform attach_part(eldest - back * width, width);
    insert into parts(first, days) values (eldest - back * width, width);
  end loop;
end $$
