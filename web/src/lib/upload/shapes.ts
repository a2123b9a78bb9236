// The upload routes' shapes, as the service answers them (checklist S1-176 to S1-180), and how a request may fail.

/** One piece of a file: where it begins and how long it is, in bytes. */
export interface PlannedChunk {
  readonly parallel_id: number;
  readonly offset: number;
  readonly size: number;
}

/** The answer of `POST /v1/workspace/upload/init`. */
export interface UploadPlan {
  readonly upload_id: string;
  readonly parallel_size: number;
  readonly parallel_max_threads: number;
  readonly chunk_count: number;
  readonly chunks: readonly PlannedChunk[];
}

/** What the service has of one chunk. */
export interface ChunkState extends PlannedChunk {
  readonly status: 'pending' | 'uploading' | 'uploaded';
  readonly received: number;
}

/** The answer of `GET /v1/workspace/upload/{id}`. */
export interface UploadState {
  readonly upload_id: string;
  readonly file_name: string;
  readonly file_size: number;
  readonly target_path: string;
  readonly status: string;
  readonly chunks: readonly ChunkState[];
}

/** The answer of `POST /v1/workspace/upload/{id}/complete`. */
export interface CompletedUpload {
  readonly upload_id: string;
  readonly file_name: string;
  readonly file_size: number;
  readonly path: string;
}

/** The body of `POST /v1/workspace/upload/init`. */
export interface UploadRequest {
  readonly workspace_id: string;
  readonly file_name: string;
  readonly file_size: number;
  readonly target_path: string;
}

/**
 * Why a request failed: the service's own code (`CHUNK_SIZE_MISMATCH`), `HTTP_503`, or `NETWORK` where nothing
 * answered. `detail` is the service's sentence, if it said one.
 */
export interface UploadFailure {
  readonly code: string;
  readonly detail: string;
  /** Whether the same request may succeed later. */
  readonly passing: boolean;
}

/** A request that failed, thrown by a transport. */
export class UploadError extends Error {
  readonly failure: UploadFailure;

  constructor(failure: UploadFailure) {
    super(failure.detail === '' ? failure.code : failure.detail);
    this.name = 'UploadError';
    this.failure = failure;
  }
}
