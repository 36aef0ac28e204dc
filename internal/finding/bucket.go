package finding

import "maps"

// readBuckets adds every bucket of s3BucketDetails (an array; one object is taken too), or, where
// the finding is about objects, the objects in them.
func (b *builder) readBuckets(v value) {
	for i, details := range v.list() {
		o := details.object()
		bucket := Bucket{
			Name:  o.get("name").text(),
			ARN:   o.get("arn").text(),
			Owner: o.get("owner").path("id").text(),
			Type:  o.get("type").text(),
		}
		b.addBucket(bucket, i == 0, readTags(o.get("tags")))
		for _, object := range o.get("s3ObjectDetails").list() {
			b.addObject(bucket.Name, object.object())
		}
	}
	if b.named == 0 {
		b.note("the finding names no bucket")
	}
}

// addBucket keeps a bucket and, unless the finding is about objects, makes it a target. With
// several buckets only the tags they all carry count: one must not speak for another.
func (b *builder) addBucket(bucket Bucket, first bool, tags map[string]string) {
	if bucket.Name == "" {
		bucket.Name = parseARN(bucket.ARN).name()
	}
	if len(b.Buckets) < maxTargets {
		b.Buckets = append(b.Buckets, bucket)
	}
	if first {
		b.Tags = tags
	} else {
		maps.DeleteFunc(b.Tags, func(k, v string) bool {
			other, ok := tags[k]
			return !ok || other != v
		})
	}
	if b.Kind != KindObject {
		b.add(KindBucket, bucket.Name)
	}
}

func (b *builder) addObject(bucket string, o object) {
	if b.Kind != KindObject {
		return
	}
	if key := o.get("key").text(); key != "" {
		b.add(KindObject, bucket+"/"+key)
		return
	}
	b.add(KindObject, parseARN(o.get("objectArn").text()).resource)
}
