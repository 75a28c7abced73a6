mod books;
mod counters;
mod letters;
mod purge;
mod replay;
mod status;
mod world;
