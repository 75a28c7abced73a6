mod books;
mod counters;
mod latencies;
mod letters;
mod replay;
mod status;
mod world;
