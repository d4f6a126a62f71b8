/* The object file that gdb is shown for one compiled function: a symbol over code that lies
 * elsewhere in memory, and its call frame information (System V ABI, chapter 4). */
#include "jit/debug_elf.h"

#include "jit/machine.h"

#include <elf.h>

enum {
  SECTION_NULL,
  SECTION_TEXT,
  SECTION_FRAME,
  SECTION_SYMBOLS,
  SECTION_STRINGS,
  SECTION_NAMES,
  SECTIONS
};

static const char section_names[] = "\0.text\0.eh_frame\0.symtab\0.strtab\0.shstrtab";

static u32 name_at(const char *name) {
  u32 at = 1;
  while (strcmp(section_names + at, name) != 0) at += (u32)strlen(section_names + at) + 1;
  return at;
}

static void align_words(Buffer *out) {
  for (size_t rest = out->len % 8; rest && rest < 8; rest++) wm_buffer_byte(out, 0);
}

/* Appends a section's bytes and notes where they are. */
static void add_bytes(Buffer *out, Elf64_Shdr *section, const void *bytes, size_t size) {
  align_words(out);
  section->sh_offset = out->len;
  section->sh_size = size;
  section->sh_addralign = 8;
  wm_buffer_bytes(out, bytes, size);
}

static void add_symbols(Buffer *out, Elf64_Shdr *sections, const NativeBody *body,
                        const char *name) {
  Elf64_Sym symbols[2] = {{0}};
  symbols[1].st_name = 1;
  symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
  symbols[1].st_shndx = SECTION_TEXT;
  symbols[1].st_size = body->size_bytes;
  Elf64_Shdr *table = &sections[SECTION_SYMBOLS];
  add_bytes(out, table, symbols, sizeof symbols);
  *table = (Elf64_Shdr){.sh_name = name_at(".symtab"),
                        .sh_type = SHT_SYMTAB,
                        .sh_offset = table->sh_offset,
                        .sh_size = table->sh_size,
                        .sh_link = SECTION_STRINGS,
                        .sh_info = 1,
                        .sh_addralign = 8,
                        .sh_entsize = sizeof(Elf64_Sym)};
  Elf64_Shdr *strings = &sections[SECTION_STRINGS];
  strings->sh_name = name_at(".strtab");
  strings->sh_type = SHT_STRTAB;
  strings->sh_offset = out->len;
  strings->sh_size = strlen(name) + 2;
  strings->sh_addralign = 1;
  wm_buffer_byte(out, 0);
  wm_buffer_bytes(out, name, strlen(name) + 1);
}

static void add_code(Buffer *out, Elf64_Shdr *sections, const NativeBody *body,
                     const Buffer *frame) {
  sections[SECTION_TEXT] = (Elf64_Shdr){.sh_name = name_at(".text"),
                                        .sh_type = SHT_NOBITS,
                                        .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
                                        .sh_addr = (u64)(uintptr_t)body->start,
                                        .sh_size = body->size_bytes,
                                        .sh_addralign = 1};
  Elf64_Shdr *eh_frame = &sections[SECTION_FRAME];
  eh_frame->sh_name = name_at(".eh_frame");
  eh_frame->sh_type = SHT_PROGBITS;
  eh_frame->sh_flags = SHF_ALLOC;
  add_bytes(out, eh_frame, frame->data, frame->len);
}

void wm_debug_elf(const NativeBody *body, const char *name, const Buffer *frame, Buffer *out) {
  Elf64_Shdr sections[SECTIONS] = {{0}};
  Elf64_Ehdr header = {.e_type = ET_REL,
                       .e_machine = wm_jit_machine.elf_machine,
                       .e_version = EV_CURRENT,
                       .e_ehsize = sizeof header,
                       .e_shentsize = sizeof *sections,
                       .e_shnum = SECTIONS,
                       .e_shstrndx = SECTION_NAMES};
  memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  wm_buffer_bytes(out, &header, sizeof header);
  add_code(out, sections, body, frame);
  add_symbols(out, sections, body, name);
  Elf64_Shdr *names = &sections[SECTION_NAMES];
  names->sh_name = name_at(".shstrtab");
  names->sh_type = SHT_STRTAB;
  add_bytes(out, names, section_names, sizeof section_names);
  align_words(out);
  header.e_shoff = out->len;
  wm_buffer_bytes(out, sections, sizeof sections);
  if (!out->failed) memcpy(out->data, &header, sizeof header);
}
