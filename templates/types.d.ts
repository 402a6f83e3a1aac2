// The shapes that several scripts share, for the type checker alone: `tsc -p jsconfig.json`. No page asks
// for this file. What one script alone needs is declared there, with `@typedef`.

// -- Images -------------------------------------------------------------------------------------------------

type FileState = "ok" | "missing" | "altered";

/** The fields that hold texts, by what they are called in a search. */
interface TextNames {
  title: "title";
  prompt: "prompt_text";
  negative: "negative_prompt";
  notes: "notes";
}
type TextName = keyof TextNames;
type TextField = TextNames[TextName];

/** What a user may write into a record: `ImagePatch` of imagelib/library/values/fields.py. */
interface ImageFields extends Record<TextField, string> {
  ai_model: string;
  rating: number;
  captured_at: string;
  tags: string[];
  generation: Record<string, unknown>;
  prompt_meta: unknown;
}
type FieldName = keyof ImageFields;
type Texts = Pick<ImageFields, TextField | "generation">;

/** What is said of a field in engine/registry.js. */
interface FieldTraits {
  /** For people. */
  label: string;
  /** The field in a search, as in `notes:word`. */
  search?: string;
  /** Other names for it there. */
  aliases?: string[];
  /** Whether an image is called by its first line, if it has no weightier name. */
  naming?: boolean;
  /** Whether it is offered to be copied. */
  copied?: boolean;
  /** How many lines there are to write it in. */
  rows?: number;
  /** Whether it can be set for many images at once. */
  bulk?: boolean;
  /** What it is called where two images are compared, if it is there. */
  compared?: string;
}
/** Words are looked for in it, and text blocks hold it. */
type RegisteredText = FieldTraits & { kind: "text"; name: TextField; search: TextName };
type RegisteredField = RegisteredText
  | (FieldTraits & { kind: "line" | "rating" | "date" | "tags" | "json"; name: Exclude<FieldName, TextField> });

/** A change: what is absent stays. */
type ImagePatch = Partial<ImageFields> & { add_tags?: string[]; remove_tags?: string[] };

/** An image as `GET /api/images/{id}` gives it. */
interface ImageRecord extends ImageFields {
  pk: number;
  id: string;
  file_name: string;
  original_name: string;
  digest: string;
  size_bytes: number;
  width: number;
  height: number;
  mime_type: string;
  created_at: string;
  updated_at: string;
  version: number;
  file_state: FileState;
  phash: string;
  url: string;
  thumbnail_url: string;
  /** What every browser shows: the original, or the display copy of one that not every browser shows. */
  display_url: string;
}

/** Of what generators wrote, what is too long for a list: its place holds nothing. */
interface Shortened {
  shortened?: string[];
}

/** An image as lists and the feed of changes give it. */
type ListedRecord = ImageRecord & Shortened;

/** What filters, orders and the shape of the grid know of a row. */
interface CoreRow {
  pk: number;
  captured_at: string;
  created_at: string;
  rating: number;
  ai_model: string;
  width: number;
  height: number;
  tags: string[];
  file_state: FileState;
}

/** What a block says of the file of a row. */
interface FileRow {
  id: string;
  digest: string;
  file_name: string;
  original_name: string;
  size_bytes: number;
  mime_type: string;
  has_thumbnail: boolean;
  is_blurred: boolean;
  /** Whether a display copy is shown in place of the original. */
  is_displayed: boolean;
  is_animated: boolean;
  /** How long it plays; 0 where that is not said. */
  seconds: number;
  /** Where the original lies in the site, if not under its own name. */
  place?: string;
}

/** What a card needs of a file: of a block, or of the record of an edit. */
type CardFile = Pick<FileRow, "id" | "digest" | "file_name" | "original_name" | "has_thumbnail">
  & Partial<FileRow & Pick<ImageRecord, "url" | "thumbnail_url" | "display_url">>;

/** What the page knows of an image by now: the texts and the file may be on their way still. */
type KnownRecord = CoreRow & { id: string }
  & Partial<CardFile & Texts>;

/** Such a record of which all has arrived: it can be laid over what the page shows. */
type WholeRecord = KnownRecord & CardFile & Texts;

/** What names an image. */
type Named = Partial<Pick<ImageRecord, TextField | "original_name" | "file_name">>;

// -- Picks --------------------------------------------------------------------------------------------------

/** What a visitor of a publication says of an image. */
interface PickItem {
  heart: boolean;
  /** 0 (none) to 5. */
  stars: number;
  note: string;
  /** When it was said, in UTC. */
  at: string;
}

/** What a visitor sends: `PickFile` of imagelib/publishing/pick_files.py. */
interface PickFile {
  imagelib: "picks";
  format: 1;
  publication: string;
  /** Of the browser. */
  key: string;
  who: string;
  /** By the public ids of the images. */
  items: Record<string, PickItem>;
}

/** A visitor of a publication who has picked images. */
interface PickVisitor {
  publication: string;
  key: string;
  who: string;
  /** Of the publication; null if it is gone. */
  name: string | null;
  picks: number;
  hearts: number;
  at: string;
  pks: number[];
}

/** What a file of picks means here, and changes. */
interface PickArrival {
  publication: string;
  who: string;
  /** What the visitor was called until now. */
  before: string;
  added: number;
  changed: number;
  taken_back: number;
  known: number;
  /** Public ids of which no image is here. */
  unknown: string[];
  /** Without an id, an image lies in the trash. */
  images: (PickItem & { pk: number; id: string | null; kind: "added" | "changed" | "taken_back" | "known" })[];
}

// -- What the parts of the editor hand to each other ---------------------------------------------------------

/** What was written over a record and not saved. */
interface Draft {
  /** What the user wrote, of the fields that differ. */
  fields: Partial<ImageFields>;
  /** The record that was written over. */
  base: ImageRecord;
}

/** An edit that waits for the daemon. */
type Letter = { kind: "batch"; body: BatchBody } | { kind: "save"; fields: Partial<ImageFields>; base: ImageRecord };

/** Takes the fields that are to be saved over the newer record; resolves to whether nothing is left to do. */
type Settle = (chosen: Partial<ImageFields>) => Promise<boolean>;

type UploadState = "waiting" | "uploading" | "reading" | "added" | "here" | "refused" | "cancelled" | "paused";

/** A picture that is to be added. */
interface UploadItem {
  file: File;
  state: UploadState;
  /** How much of it has left, 0 to 1. */
  share: number;
  reason: string;
  faults: Map<string, string> | null;
  wasLost: boolean;
  record: ImageRecord | null;
  /** What the user corrected of what was read from it. */
  own: Partial<ImageFields>;
  isSeen: boolean;
  cancel: () => void;
}

/** What is told of an image or a file that is not as it was left. */
type DriftEntry = Partial<DriftingImage & DriftingFile & { now: string; detail: string }>;

// -- Data files: imagelib/generator/index/blocks.py ---------------------------------------------------------

/** Number, rows, when the latest was captured, hash. */
type BlockEntry = [number: number, rows: number, newest: string, hash: string];

interface Manifest {
  kind: "manifest";
  format: number;
  seq: number;
  total: number;
  /** How many more there will be, while the first build of many goes on. */
  coming?: number;
  /** Name, query and order of each saved search. */
  searches: [name: string, query: string, sort: string][];
  /** Who has picked which images, by their pks as `ImagelibNumbers.readDeltas` reads them. */
  picks?: [who: string, pks: Written][];
  /** The hash of the file of all albums, if there are any. */
  albums?: string;
  core: BlockEntry[];
  text: BlockEntry[];
  file: BlockEntry[];
  id: BlockEntry[];
  name: BlockEntry[];
  phash: BlockEntry[];
}

interface AlbumsData {
  kind: "albums";
  /** The pks in order, as `ImagelibNumbers.readDeltas` reads them; a cover of 0 is the first one. */
  albums: [tag: string, text: string, cover: number, pks: Written][];
}

/** `ids` come first, or in front of the image `before`; null is the end. */
interface AlbumChange {
  text?: string;
  cover?: string | null;
  ids?: string[];
  before?: string | null;
}

/** A tag whose images somebody has put in order: those pks first, in this order. */
interface Album {
  tag: string;
  text: string;
  /** A pk, or 0 for the first one. */
  cover: number;
  pks: ArrayLike<number>;
}

interface DataBlock<Kind extends string> {
  kind: Kind;
  number: number;
  rows: number;
  /** First offset and length of each run of rows without a gap. */
  runs: number[];
}

/** Numbers as `ImagelibNumbers` reads them. */
type Written = string;

interface CoreData extends DataBlock<"core"> {
  captured: Written;
  created_unit: number;
  created: Written;
  /** A digit for each row. */
  rating: string;
  models: string[];
  model: Written;
  sizes: [width: number, height: number][];
  size: Written;
  tags: string[];
  tag_set_sizes: Written;
  tag_sets: Written;
  tag_set: Written;
  missing: number[];
  altered: number[];
}

interface TextColumnData {
  pieces: string[];
  count: number;
  lengths: Written;
  tokens: Written;
}

type Singular<Name> = Name extends `${infer One}s` ? One : Name;

/** Of each field that holds texts, the distinct ones and which each row has: `notes` and `note`. */
type TextColumns = Record<`${Singular<TextName>}s`, TextColumnData> & Record<Singular<TextName>, Written>;

interface TextData extends DataBlock<"text">, TextColumns {
  /** Names and values in turn. */
  settings: string[][];
  setting: Written;
  seeds: string[];
}

interface FileData extends DataBlock<"file"> {
  ids: string[];
  digests: string[];
  names: string[];
  originals: string[];
  bytes: number[];
  types: string[];
  type: number[];
  bare: number[];
  blurred: number[];
  displayed?: number[];
  animated?: number[];
  seconds?: number[];
  placed?: number[];
  places?: string[];
}

interface IdData extends DataBlock<"id"> {
  ids: string;
}

interface NameData extends DataBlock<"name"> {
  originals: string[];
  paths: string[];
  path: Written;
}

interface PhashData extends DataBlock<"phash"> {
  phashes: string;
}

interface Blocks {
  core: CoreData;
  text: TextData;
  file: FileData;
  id: IdData;
  name: NameData;
  phash: PhashData;
}
type BlockKind = keyof Blocks;
/** Blocks that are loaded, all of them, once a query needs them. */
type WantedKind = "name" | "phash";
type DataFile = Manifest | AlbumsData | Blocks[BlockKind];

// -- Events of the page -------------------------------------------------------------------------------------

interface DocumentEventMap {
  /** Show what is like an image. */
  "imagelib:alike": CustomEvent<{ id: string }>;
  /** The library has changed. */
  "imagelib:changed": CustomEvent<ChangesPage>;
  /** Open the form of an image. */
  "imagelib:edit": CustomEvent<{ id: string }>;
  /** The gallery shows what another query finds, or the same one by now. */
  "imagelib:asked": CustomEvent<null>;
  /** Look at a file of picks that a visitor has sent. */
  "imagelib:picks": CustomEvent<{ file: File }>;
  "imagelib:viewer-open": CustomEvent<{ id: string }>;
  "imagelib:viewer-close": CustomEvent<null>;
}

// -- Answers of the API: imagelib/daemon/routes/ ------------------------------------------------------------

/** What is wrong with one value. */
interface FieldFault {
  loc: (string | number)[];
  msg: string;
  type: string;
}

/** A refusal, after RFC 9457. */
interface Problem {
  title?: string;
  status?: number;
  detail?: string | FieldFault[];
  /** The same as a text, where `detail` is a list. */
  message?: string;
  /** The record as it is now, of a 412. */
  current?: ImageRecord;
}

interface ListPage {
  items: ListedRecord[];
  total: number;
  page: number | null;
  page_size: number;
  next: string | null;
  warnings: string[];
}

/** What became of an upload. */
type AddedRecord = ImageRecord & {
  /** Its bytes were here already. */
  duplicate?: true;
  /** They came back out of the trash. */
  restored?: true;
  /** Fields that were sent and not taken. */
  unused?: string[];
};

interface Inspection {
  /** What the picture says of itself; without a date of its own it gets that of its coming. */
  fields: Omit<ImageFields, "captured_at"> & { captured_at: string | null };
  digest: string;
  mime_type: string;
  width: number;
  height: number;
  size_bytes: number;
  warnings: string[];
  duplicate: ImageRecord | null;
}

interface Failure {
  id: string;
  detail: string;
}

/** What is to become of many images. */
type BatchEdit = { edit: ImagePatch } | { delete: true } | { restore: true };
type BatchBody = ({ ids: string[] } | { query: string }) & BatchEdit;

type ReplaceBody = ({ ids: string[] } | { query: string }) & {
  find: string;
  replace: string;
  fields: TextField[];
  match_case: boolean;
  whole_words: boolean;
  dry_run?: true;
};

interface ReplaceAnswer {
  changed: number;
  /** Of the texts, in which something was found. */
  places: number;
  failures: Failure[];
  batch: string | null;
  /** Of a dry run: how many texts, and the first of them. */
  texts?: number;
  items?: { id: string; field: TextField; parts: string[] }[];
}

interface BatchAnswer {
  changed: number;
  failures: Failure[];
  batch: string | null;
}

/** What is known of a record at one side of a change. */
type Side = Partial<Record<string, unknown>> & { tags?: string[] };

/** A line of a history. */
interface Change {
  seq: number;
  image: string;
  at: string;
  action: string;
  batch: string;
  kind: "insert" | "update" | "tags" | "delete";
  before: Side;
  after: Side;
  actor: string;
  shortened: string[];
}

/** What undo would take back; of many images not all are named. */
interface Undoable {
  batch: string;
  action: string;
  actor: string;
  at: string;
  images: string[];
  total: number;
}

interface HistoryPage {
  items: Change[];
  total: number;
  next: string | null;
}

interface UndoAnswer {
  action: string;
  images: string[];
}

interface ChangesPage {
  items: ListedRecord[];
  seq: number;
  more: boolean;
  deleted: string[];
}

type TrashedRecord = Omit<ListedRecord, "url"> & { deleted_at: string; has_file: boolean };

interface TrashPage {
  items: TrashedRecord[];
  total: number;
  size_bytes: number;
  next: string | null;
}

interface TagCount {
  name: string;
  count: number;
}

interface TagsAnswer {
  changed: number;
  batch: string;
}

interface SavedSearch {
  name: string;
  query: string;
  sort: string;
}

/** An image whose file is not as it was left. */
type DriftingImage = Named & Pick<ImageRecord, "id" | "file_name" | "size_bytes" | "file_state">;
interface DriftingFile {
  file: string;
}

interface Drift {
  /** Why nothing would be changed by itself, or "". */
  refused: string;
  counts: Record<"missing" | "altered" | "moved" | "stray" | "duplicate" | "unreadable", number>;
  missing: DriftingImage[];
  altered: DriftingImage[];
  moved: (DriftingImage & { now: string })[];
  stray: DriftingFile[];
  duplicate: (DriftingImage & DriftingFile)[];
  unreadable: (DriftingFile & { detail: string })[];
}

type RepairBody = { locate: string } | { accept: string[] } | { adopt: string[] } | { flag_missing: true };

/** A policy, or a preset, and where it is published. */
interface PublicationItem {
  name: string;
  is_own: boolean;
  /** Why it cannot be read; nothing else is known of it then. */
  fault: string;
  title?: string;
  /** What it makes public, a line each. */
  explained?: string[];
  query?: string;
  to?: string;
  /** Whether its last day has passed. */
  is_over?: boolean;
  /** When each was last complete, in seconds since 1970, or 0. */
  places?: { place: string; at: number }[];
}

interface PublishBody {
  place: string;
  query: string;
  title?: string;
}

interface AgreedBody {
  id: string;
  widen?: boolean;
  removals?: number;
}

/** What publishing would do, or has done. */
interface PublishPreview {
  place: string;
  explained: string[];
  images: number;
  /** How many more were asked for and stay out, as they are private. */
  private: number;
  added: number;
  changed: number;
  removed: number;
  files: number;
  bytes: number;
  removals: number;
  /** Texts that become public for the first time. */
  first: { noun: string; count: number; examples: string[] }[];
  consents: { to: "widen" | "removals"; reason: string }[];
  templates: string[];
  limits: string[];
  refused: { file: string; detail: string }[];
  refused_count: number;
  proof: { files: number; words: number; runs: number; untestable: number };
}

interface IdleJob {
  state: "idle";
}

/** A publication that is under way, or was the last. */
interface PublishJob {
  state: "preparing" | "ready" | "sending" | "done" | "failed" | "cancelled";
  name: string;
  place: string;
  /** Of what was prepared. */
  id: string;
  stage: string;
  done: number;
  total: number;
  message: string;
  hits: { file: string; reading: string; text: string; field: string; source: string }[];
  hit_count: number;
  preview: PublishPreview | null;
  sent: number;
}

interface BuildStatus {
  state: "idle" | "building" | "failed";
  /** The change that the site was built from; null before the first build of this daemon. */
  seq: number | null;
  failures: { file: string; error: string }[];
  failed?: number;
  error: string;
  progress: { stage: string; done: number; total: number } | null;
}

interface WatchStatus {
  state: "off" | "starting" | "watching" | "polling" | "failing";
  reason?: string;
}

/** What of imagelib.toml the page may change. */
interface LibrarySettings {
  title: string;
  language: string;
  watch_folders: string[];
}

/** The status as it is told to an editor. */
interface Status {
  images: number;
  trash: number;
  missing: number;
  altered: number;
  version: string;
  seq: number;
  title: string;
  read_only: boolean;
  build: BuildStatus;
  watch: WatchStatus;
  /** How far the oldest edit of many images is. */
  work: { done: number; total: number } | null;
}
