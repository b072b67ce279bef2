/// The columns of a chunk: how sequences of blocks, turns and messages become few bytes and come
/// back.
///
/// Encoders trust their caller and check with assertions; decoders trust nobody: every malformed
/// column ends in a [dev.backstep.proto.codec.ColumnFormatException], and no declared size is
/// believed before it is compared with a limit. Objects here belong to one thread at a time.
@NullMarked
package dev.backstep.proto.codec;

import org.jspecify.annotations.NullMarked;
