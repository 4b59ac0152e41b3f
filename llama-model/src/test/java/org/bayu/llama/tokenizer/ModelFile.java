package org.bayu.llama.tokenizer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Writes a small {@code tokenizer.model}: pieces, and what trainer and normalizer were told. */
final class ModelFile {
  static final int NORMAL = 1;
  static final int UNKNOWN = 2;
  static final int CONTROL = 3;
  static final int USER_DEFINED = 4;
  static final int UNUSED = 5;
  static final int BYTE = 6;

  private static final int BPE = 2;

  private final Message model = new Message();
  private final Message trainer = new Message().varint(3, BPE);
  private final Message normalizer = new Message().bytes(1, "identity");
  private float score;

  /** With the pieces {@code <unk>}, {@code <s>} and {@code </s>} that every model has. */
  ModelFile() {
    piece("<unk>", UNKNOWN).piece("<s>", CONTROL).piece("</s>", CONTROL);
  }

  /** Adds a piece; each has a lower score than the one before. */
  ModelFile piece(String text, int type) {
    return piece(text, type, score--);
  }

  ModelFile piece(String text, int type, float pieceScore) {
    var piece = new Message().bytes(1, text).float32(2, pieceScore).varint(3, type);
    model.bytes(1, piece.toByteArray());
    return this;
  }

  /** Adds normal pieces, the best first. */
  ModelFile pieces(String... texts) {
    for (var text : texts) {
      piece(text, NORMAL);
    }
    return this;
  }

  ModelFile bytePieces() {
    for (int b = 0; b < 256; b++) {
      piece(Vocabulary.byteToken(b), BYTE);
    }
    return this;
  }

  ModelFile trainer(Consumer<Message> fields) {
    fields.accept(trainer);
    return this;
  }

  ModelFile normalizer(Consumer<Message> fields) {
    fields.accept(normalizer);
    return this;
  }

  byte[] toByteArray() {
    var whole = new Message();
    whole.out.writeBytes(model.toByteArray());
    return whole.bytes(2, trainer.toByteArray()).bytes(3, normalizer.toByteArray()).toByteArray();
  }

  /** Writes it into a folder and reads it from there. */
  LlamaTokenizer load(Path folder) throws IOException {
    Files.write(folder.resolve("tokenizer.model"), toByteArray());
    return LlamaTokenizer.load(folder);
  }

  /** The fields of one protobuf message. */
  static final class Message {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message varint(int field, long value) {
      rawVarint((long) field << 3);
      rawVarint(value);
      return this;
    }

    Message bytes(int field, byte[] bytes) {
      rawVarint(((long) field << 3) | 2);
      rawVarint(bytes.length);
      out.writeBytes(bytes);
      return this;
    }

    Message bytes(int field, String text) {
      return bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    Message float32(int field, float value) {
      rawVarint(((long) field << 3) | 5);
      out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putFloat(value).array());
      return this;
    }

    byte[] toByteArray() {
      return out.toByteArray();
    }

    private void rawVarint(long value) {
      while ((value & ~0x7FL) != 0) {
        out.write((int) (value & 0x7F) | 0x80);
        value >>>= 7;
      }
      out.write((int) value);
    }
  }
}
