mod books;
mod counters;
mod letters;
mod replay;
mod status;
mod world;
