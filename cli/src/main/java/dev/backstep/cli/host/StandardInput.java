package dev.backstep.cli.host;

import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// What is typed on standard input, read beside the machine on a virtual thread.
public final class StandardInput implements TypedInput {
  private static final int END = -1;
  private static final int MOST_AHEAD = 65_536;

  private final BlockingQueue<Integer> typed = new LinkedBlockingQueue<>(MOST_AHEAD);
  private int waiting = NOTHING;
  private boolean ended;

  public StandardInput(InputStream in) {
    Thread.ofVirtual().name("backstep-stdin").start(() -> read(in));
  }

  private void read(InputStream in) {
    try {
      int next;
      do {
        next = in.read();
        typed.put(next);
      } while (next != END);
    } catch (IOException e) {
      typed.add(END);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public int poll(long position) {
    if (waiting == NOTHING && !ended) {
      Integer next = typed.poll();
      if (next != null) {
        accept(next);
      }
    }
    int byteNow = waiting;
    waiting = NOTHING;
    return byteNow;
  }

  @Override
  public boolean await(long position) {
    if (waiting != NOTHING) {
      return true;
    }
    if (ended) {
      return false;
    }
    try {
      accept(typed.take());
      return waiting != NOTHING;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void accept(int next) {
    if (next == END) {
      ended = true;
    } else {
      waiting = next;
    }
  }
}
