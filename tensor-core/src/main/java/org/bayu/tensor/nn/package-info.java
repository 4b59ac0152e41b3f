/**
 * Modules: parts of a model that own named {@link org.bayu.tensor.nn.Parameter}s and compute on a
 * {@link org.bayu.tensor.autograd.Tape}.
 *
 * <p>A {@link org.bayu.tensor.nn.Module} knows its children by name. Any {@link
 * org.bayu.tensor.nn.Linear} in it can therefore be replaced.
 */
@NullMarked
package org.bayu.tensor.nn;

import org.jspecify.annotations.NullMarked;
