/**
 * From data files to tokens: {@link org.bayu.train.data.RowReader} reads rows of JSON Lines and
 * fills in the prompt template, {@link org.bayu.train.data.ExampleTokenizer} makes tokens of them,
 * and {@link org.bayu.train.data.TokenCache} keeps the tokens on disk.
 */
@NullMarked
package org.bayu.train.data;

import org.jspecify.annotations.NullMarked;
