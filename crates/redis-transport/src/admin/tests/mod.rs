mod books;
mod counters;
mod latencies;
mod letters;
mod purge;
mod replay;
mod status;
mod world;
