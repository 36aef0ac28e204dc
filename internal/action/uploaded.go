package action

// Uploaded is what is known of a piece of evidence that went to the evidence bucket in parts, and is too large to be read again to
// be hashed. Whoever sent the parts says the SHA-256; the rest is S3's own word.
//
// SHA256 is the hash of the parts' hashes: of the SHA-256 of each part in lower-case hex, one a line.
//
//	split -b PART_BYTES --filter='sha256sum | cut -c1-64' PIECE | sha256sum
type Uploaded struct {
	SHA256    string `json:"-"` // stands in the manifest's entry itself
	Bytes     int64  `json:"-"`
	PartBytes int64  `json:"part_bytes"`          // every part but the last has this size
	Version   string `json:"version,omitempty"`   // the object's version; "" in a bucket without versions
	ETag      string `json:"etag"`                // as S3 gives it, in quotes
	CRC64NVME string `json:"crc64nvme,omitempty"` // base64; S3's checksum of the whole
}
