/** Processes that compute together: sums, copies and barriers over MPI. */
module org.bayu.collectives {
  requires static transitive org.jspecify;

  exports org.bayu.collectives;
}
