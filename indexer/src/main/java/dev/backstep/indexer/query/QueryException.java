package dev.backstep.indexer.query;

/// A query that cannot be understood. The message is one line that names the field and what to do.
public final class QueryException extends Exception {
  private static final long serialVersionUID = 1L;

  public QueryException(String message) {
    super(message);
  }
}
