alter table pending add column lease uuid, add column worker uuid;
