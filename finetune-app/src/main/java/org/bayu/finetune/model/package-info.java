/** Local folders for the models and adapters that a user names. */
@NullMarked
package org.bayu.finetune.model;

import org.jspecify.annotations.NullMarked;
