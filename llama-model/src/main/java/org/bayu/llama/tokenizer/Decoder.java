package org.bayu.llama.tokenizer;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;

/**
 * The text of token ids as they come, one by one. What {@link #push} returned and at last {@link
 * #finish} is {@link LlamaTokenizer#decode} of all the ids. A character whose bytes are spread over
 * several tokens is held back until it is whole; special tokens and ids that the vocabulary does
 * not have add nothing.
 *
 * <p>Bytes that are no UTF-8 become U+FFFD: with byte fallback one for each byte, as SentencePiece
 * does, in a byte-level vocabulary one for each broken character, as tokenizers does.
 *
 * <p>To continue a text, push the ids of what is already there first and forget what they return:
 * the space that a text's first piece begins with is dropped at the beginning of a text only. For
 * one thread at a time.
 */
public final class Decoder {
  private final TokenTexts texts;
  private final CharsetDecoder utf8 = StandardCharsets.UTF_8.newDecoder();
  private final CharBuffer characters = CharBuffer.allocate(64);
  private ByteBuffer pending = ByteBuffer.allocate(64);
  private int leadingLeft;
  private boolean first = true;

  Decoder(TokenTexts texts) {
    this.texts = texts;
    leadingLeft = texts.rules().leadingCount();
  }

  /**
   * The text that a token completes; empty for a special token, for an id that the vocabulary does
   * not have, and while a character is not whole.
   *
   * @throws IllegalArgumentException for a negative id
   */
  public String push(int id) {
    var text = new StringBuilder();
    push(id, text);
    return text.toString();
  }

  /**
   * What is left: U+FFFD for a character that did not become whole. Afterwards a new text begins.
   */
  public String finish() {
    var text = new StringBuilder();
    finish(text);
    return text.toString();
  }

  void push(int id, StringBuilder out) {
    if (!texts.has(id) || texts.isSpecial(id)) {
      return;
    }
    var bytes = first ? texts.firstBytes(id) : texts.bytes(id);
    first &= texts.rules().firstAgain() && !bytes.hasRemaining();
    int wanted = pending.position() + bytes.remaining();
    if (wanted > pending.capacity()) {
      pending = ByteBuffer.allocate(2 * wanted).put(pending.flip());
    }
    pending.put(bytes);
    drain(/* end= */ false, out);
  }

  void finish(StringBuilder out) {
    drain(/* end= */ true, out);
    utf8.reset();
    first = true;
    leadingLeft = texts.rules().leadingCount();
  }

  private void drain(boolean end, StringBuilder out) {
    pending.flip();
    while (true) {
      var result = utf8.decode(pending, characters, end);
      characters.flip();
      while (characters.hasRemaining()) {
        emit(characters.get(), out);
      }
      characters.clear();
      if (result.isUnderflow()) {
        break;
      }
      if (result.isMalformed()) {
        int count = replacements(result.length());
        pending.position(pending.position() + result.length());
        for (int i = 0; i < count; i++) {
          emit('\uFFFD', out);
        }
      }
    }
    pending.compact();
  }

  /** How many U+FFFD stand for the malformed bytes that come next. */
  private int replacements(int length) {
    boolean eachByte = texts.rules().bytes() == Bpe.Bytes.FALLBACK;
    if (length > 1) {
      // Of the three bytes of a surrogate, for Unicode no two begin a character.
      byte second = pending.get(pending.position() + 1);
      eachByte |= pending.get(pending.position()) == (byte) 0xED && (second & 0xE0) == 0xA0;
    }
    return eachByte ? length : 1;
  }

  private void emit(char c, StringBuilder out) {
    if (leadingLeft > 0 && c == texts.rules().leading()) {
      leadingLeft--;
    } else {
      leadingLeft = 0;
      out.append(c);
    }
  }
}
