package dev.backstep.proto.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import net.openhft.chronicle.core.io.BackgroundResourceReleaser;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.LegacyRollCycles;
import net.openhft.chronicle.wire.DocumentContext;

/// Appends excerpts to a new Chronicle queue of one file.
///
/// The queue's clock stands at 0, so that it never rolls and its file's name is known. Chronicle
/// writes through a mapping of a sparse file, where a full disk would be a SIGBUS in the middle of
/// a store; therefore the room for each excerpt is first filled with zeros by an ordinary write,
/// which fails with an ordinary error. What remains (a file system that copies on write) Java turns
/// into an InternalError, and this class into an IOException.
final class JournalAppender implements AutoCloseable {
  // The mapped window; Chronicle wants an excerpt to be well below it. Sparse: costs no disk.
  private static final long WINDOW_BYTES = 64L << 20;
  // 1,024 index pages of 1,024 entries of 16 excerpts: 2^24 excerpts, in pages of 8 KiB.
  private static final int INDEX_COUNT = 1024;
  private static final int INDEX_SPACING = 16;
  static final int MAX_EXCERPTS = INDEX_COUNT * INDEX_COUNT * INDEX_SPACING;
  // Chronicle may put a page of its index before or after an excerpt.
  private static final int INDEX_PAGES_BYTES = 4 * 8 * INDEX_COUNT;
  private static final int RESERVE_STEP = 64 << 10;

  private final Path file;
  private final ChronicleQueue queue;
  private final ExcerptAppender appender;
  private final FileChannel channel;
  private final ByteBuffer zeros = ByteBuffer.allocateDirect(RESERVE_STEP);
  private long end;
  private long reserved;
  private boolean closed;

  private JournalAppender(Path file, ChronicleQueue queue) throws IOException {
    this.file = file;
    this.queue = queue;
    appender = queue.createAppender();
    // Built by one thread, used by the writer's: handed over once, with a happens-before.
    appender.singleThreadedCheckDisabled(true);
    channel =
        FileChannel.open(
            file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  static JournalAppender create(Path folder, Path file) throws IOException {
    // Chronicle's own thread for a full disk only logs; see reserve().
    System.setProperty("chronicle.disk.monitor.disable", "true");
    System.setProperty("chronicle.announcer.disable", "true");
    Files.createDirectory(folder);
    if (Files.getFileStore(folder).getUsableSpace() < 1L << 20) {
      throw new IOException(folder + ": no room on the disk");
    }
    try {
      ChronicleQueue queue =
          SingleChronicleQueueBuilder.binary(folder.toFile())
              .rollCycle(LegacyRollCycles.DAILY)
              .timeProvider(() -> 0L)
              .blockSize(WINDOW_BYTES)
              .indexCount(INDEX_COUNT)
              .indexSpacing(INDEX_SPACING)
              .build();
      return new JournalAppender(file, queue);
    } catch (InternalError e) {
      throw mappingFailed(folder, e);
    }
  }

  /// The offset where the journal ends so far.
  long end() {
    return end;
  }

  void append(byte[] excerpt) throws IOException {
    reserve(end + INDEX_PAGES_BYTES + excerpt.length);
    try (DocumentContext document = appender.writingDocument()) {
      boolean whole = false;
      try {
        document.wire().bytes().write(excerpt);
        end = document.wire().bytes().writePosition();
        whole = true;
      } finally {
        if (!whole) {
          document.rollbackOnClose();
        }
      }
    } catch (InternalError e) {
      throw mappingFailed(file, e);
    }
  }

  /// Has the file system allocate the file up to `offset`. All bytes after [#end] are zero.
  private void reserve(long offset) throws IOException {
    if (reserved == 0) {
      reserved = end = Math.max(end, fileHeaderEnd());
    }
    try {
      while (reserved < offset) {
        reserved += channel.write(zeros.clear(), reserved);
      }
    } catch (IOException e) {
      throw new IOException(file + ": cannot grow: " + e.getMessage(), e);
    }
  }

  private long fileHeaderEnd() throws IOException {
    return JournalFrames.scanEnd(file, channel);
  }

  /// Ends the journal: cuts the file to what is used and makes it durable. Returns its size.
  long finish() throws IOException {
    close();
    try (FileChannel finished =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long used = JournalFrames.scanEnd(file, finished);
      finished.truncate(used);
      finished.force(true);
      return used;
    }
  }

  @Override
  public void close() throws IOException {
    if (closed) {
      return;
    }
    closed = true;
    try {
      appender.close();
      queue.close();
      BackgroundResourceReleaser.releasePendingResources();
    } catch (InternalError e) {
      throw mappingFailed(file, e);
    } finally {
      channel.close();
    }
  }

  private static IOException mappingFailed(Path file, InternalError e) {
    return new IOException(file + ": cannot be written, probably the disk is full", e);
  }
}
