/* Writers of the binary format's grammar (spec 5): each appends to a Buffer, whose `failed` says
 * once, at the end, that memory ran out. Nothing is checked: callers write what they mean.
 *
 *   size_t section = wm_encode_section(b, SECTION_CODE);
 *   wm_buffer_uleb(b, count);
 *   size_t body = wm_encode_open(b);
 *   ... locals, wm_encode_op(b, OP_local_get), wm_buffer_uleb(b, 0), wm_encode_op(b, OP_end)
 *   wm_encode_close(b, body);
 *   wm_encode_close(b, section); */
#ifndef WM_BINARY_ENCODE_H
#define WM_BINARY_ENCODE_H

#include "base/buffer.h"
#include "binary/sections.h"
#include "wasm/reader.h"

/* Magic and version. */
void wm_encode_header(Buffer *b);

/* Starts a part that its size in bytes precedes; parts nest. Returns the mark to close it with. */
size_t wm_encode_open(Buffer *b);
/* Ends the part: its size goes in front in as few bytes as possible. */
void wm_encode_close(Buffer *b, size_t mark);
/* The section's id, then as wm_encode_open. Also for a part of the name section (a NamePart). */
size_t wm_encode_section(Buffer *b, u8 id);

/* A length and the bytes. */
void wm_encode_name(Buffer *b, const void *bytes, u32 len);
/* An entry of a name map: index and name. */
void wm_encode_name_of(Buffer *b, u32 index, const void *bytes, u32 len);

/* Types (spec 5.3), each in the shortest form that it has. A value type may also be a storage type
 * (i8, i16). Indices of types are as they are numbered in the module. */
void wm_encode_valtype(Buffer *b, ValType t);
void wm_encode_heaptype(Buffer *b, HeapType h);
void wm_encode_fieldtype(Buffer *b, FieldType f);
void wm_encode_limits(Buffer *b, const Limits *limits);
void wm_encode_tabletype(Buffer *b, const TableType *t);
void wm_encode_memorytype(Buffer *b, const MemoryType *t);
void wm_encode_globaltype(Buffer *b, GlobalType t);
void wm_encode_tagtype(Buffer *b, u32 type_index);

/* One type without its recursion group: `sub`, supertype and structure (spec 5.3.13). */
void wm_encode_subtype(Buffer *b, const SubType *t);
/* A recursion group; a group of one is written bare. */
void wm_encode_rectype(Buffer *b, const SubType *types, u32 len);

/* Instructions: the opcode with its prefix, and the immediates that are more than plain LEB128. */
void wm_encode_op(Buffer *b, u16 op);
void wm_encode_blocktype(Buffer *b, BlockType t);
void wm_encode_memarg(Buffer *b, u32 align_log2, u32 memory, u64 offset);
void wm_encode_catch(Buffer *b, Catch c);
/* A whole instruction, the inverse of wm_instr_read. */
void wm_encode_instr(Buffer *b, const Instr *in);

#endif
