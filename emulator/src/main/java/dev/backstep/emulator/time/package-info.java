/// Virtual time and timers. Time is the count of retired instructions, plus what slow ones are
/// charged, plus what is skipped while every vCPU waits: all follow from the run, and nothing here
/// reads a host clock. Single-threaded, driven by the machine.
@NullMarked
package dev.backstep.emulator.time;

import org.jspecify.annotations.NullMarked;
