package awssim_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func volumeSequence() sequence {
	snapshots := func(filters ...types.Filter) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			in := &ec2.DescribeSnapshotsInput{OwnerIds: []string{"self"}}
			for _, f := range filters {
				in.Filters = append(in.Filters, types.Filter{Name: f.Name, Values: named(v, f.Values[0])})
			}
			out, err := c.DescribeSnapshots(ctx, in)
			if err != nil {
				return nil, err
			}
			all := []string{}
			for _, s := range out.Snapshots {
				all = append(all, fmt.Sprintf("%s %s %d GiB %q %d tags", s.State, *s.Progress, *s.VolumeSize, *s.Description, len(s.Tags)))
			}
			slices.Sort(all)
			return all, nil
		}
	}
	return sequence{"volumes and snapshots", launched(
		do("make", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a"), Size: aws.Int32(50), VolumeType: types.VolumeTypeGp3, Encrypted: aws.Bool(true)})
			if err != nil {
				return nil, err
			}
			return keep(v, "vol", out.VolumeId, out.Size, out.State, out.VolumeType)
		}),
		do("make of no size", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.CreateVolume(ctx, &ec2.CreateVolumeInput{AvailabilityZone: aws.String("us-east-1a")}))
		}),
		do("attach", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.AttachVolume(ctx, &ec2.AttachVolumeInput{InstanceId: aws.String(v["i"]), VolumeId: aws.String(v["vol"]), Device: aws.String("/dev/sdf")})
			if err != nil {
				return nil, err
			}
			return out.State, nil
		}),
		do("attach unknown", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AttachVolume(ctx, &ec2.AttachVolumeInput{InstanceId: aws.String(v["i"]), VolumeId: aws.String("vol-00000000000000000"), Device: aws.String("/dev/sdg")}))
		}),
		do("describe", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{Filters: where("attachment.instance-id", v["i"])})
			if err != nil {
				return nil, err
			}
			var all []string
			for _, d := range out.Volumes {
				all = append(all, fmt.Sprintf("%s %d GiB on %s", d.State, *d.Size, *d.Attachments[0].Device))
			}
			slices.Sort(all)
			return all, nil
		}),
		do("describe unknown", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.DescribeVolumes(ctx, &ec2.DescribeVolumesInput{VolumeIds: []string{"vol-00000000000000000"}}))
		}),
		do("keep on termination", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.ModifyInstanceAttribute(ctx, &ec2.ModifyInstanceAttributeInput{InstanceId: aws.String(v["i"]), BlockDeviceMappings: []types.InstanceBlockDeviceMappingSpecification{
				{DeviceName: aws.String("/dev/xvda"), Ebs: &types.EbsInstanceBlockDeviceSpecification{DeleteOnTermination: aws.Bool(false)}},
			}}))
		}),
		do("mappings", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeInstances(ctx, &ec2.DescribeInstancesInput{InstanceIds: named(v, "i")})
			if err != nil {
				return nil, err
			}
			var all []string
			for _, m := range out.Reservations[0].Instances[0].BlockDeviceMappings {
				all = append(all, fmt.Sprint(*m.DeviceName, " ", *m.Ebs.DeleteOnTermination))
			}
			slices.Sort(all)
			return all, nil
		}),
		do("snapshot all", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{
				InstanceSpecification: &types.InstanceSpecification{InstanceId: aws.String(v["i"])}, Description: aws.String("set"),
				TagSpecifications: []types.TagSpecification{{ResourceType: types.ResourceTypeSnapshot, Tags: []types.Tag{{Key: aws.String("case"), Value: aws.String("1")}}}},
			})
			if err != nil {
				return nil, err
			}
			return len(out.Snapshots), nil
		}),
		do("snapshots by tag", snapshots(where("tag:case", "1")...)),
		do("snapshot all but boot", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: aws.String(v["i"]), ExcludeBootVolume: aws.Bool(true)}})
			if err != nil {
				return nil, err
			}
			return len(out.Snapshots), nil
		}),
		do("snapshot of no instance", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.CreateSnapshots(ctx, &ec2.CreateSnapshotsInput{InstanceSpecification: &types.InstanceSpecification{InstanceId: aws.String("i-00000000000000000")}}))
		}),
		do("snapshot one", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String(v["vol"]), Description: aws.String("one")})
			if err != nil {
				return nil, err
			}
			return keep(v, "snap", out.SnapshotId, out.State, out.VolumeSize)
		}),
		do("snapshot unknown volume", func(ctx context.Context, c *ec2.Client, _ vars) (any, error) {
			return done(c.CreateSnapshot(ctx, &ec2.CreateSnapshotInput{VolumeId: aws.String("vol-00000000000000000")}))
		}),
		do("snapshots of volume", snapshots(where("volume-id", "vol")...)),
		do("delete", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String(v["snap"])}))
		}),
		do("delete again", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteSnapshot(ctx, &ec2.DeleteSnapshotInput{SnapshotId: aws.String(v["snap"])}))
		}),
		do("describe deleted", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DescribeSnapshots(ctx, &ec2.DescribeSnapshotsInput{SnapshotIds: []string{v["snap"]}}))
		}),
		do("attach again", func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.AttachVolume(ctx, &ec2.AttachVolumeInput{InstanceId: aws.String(v["i"]), VolumeId: aws.String(v["vol"]), Device: aws.String("/dev/sdg")}))
		}),
	)}
}

func tagSequence() sequence {
	kv := func(pairs ...string) (out []types.Tag) {
		for i := 0; i+1 < len(pairs); i += 2 {
			out = append(out, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
		}
		return out
	}
	add := func(id string, tags ...types.Tag) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.CreateTags(ctx, &ec2.CreateTagsInput{Resources: named(v, id), Tags: tags}))
		}
	}
	remove := func(id string, tags ...types.Tag) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			return done(c.DeleteTags(ctx, &ec2.DeleteTagsInput{Resources: named(v, id), Tags: tags}))
		}
	}
	describe := func(filters ...types.Filter) func(context.Context, *ec2.Client, vars) (any, error) {
		return func(ctx context.Context, c *ec2.Client, v vars) (any, error) {
			out, err := c.DescribeTags(ctx, &ec2.DescribeTagsInput{Filters: append(where("resource-id", v["one"], v["vpc"]), filters...)})
			if err != nil {
				return nil, err
			}
			all := []string{}
			for _, t := range out.Tags {
				all = append(all, strings.Join([]string{string(t.ResourceType), *t.Key, *t.Value}, " "))
			}
			slices.Sort(all)
			return all, nil
		}
	}
	var many []types.Tag
	for i := range 51 {
		many = append(many, kv(fmt.Sprintf("key-%d", i), "v")...)
	}
	return sequence{"tags", []step{
		makeVPC("vpc", "10.0.0.0/16"),
		makeGroup("one", "vpc"),
		do("add", add("one", kv("Name", "web", "app", "shop", "empty", "")...)),
		do("add to another", add("vpc", kv("Name", "net")...)),
		do("describe", describe()),
		do("describe by key", describe(where("key", "Na*")...)),
		do("replace", add("one", kv("app", "other")...)),
		do("describe after", describe()),
		do("remove with another value", remove("one", kv("app", "wrong")...)),
		do("remove by key", remove("one", types.Tag{Key: aws.String("Name")})),
		do("remove what is not there", remove("one", types.Tag{Key: aws.String("nothing")})),
		do("describe after removing", describe()),
		do("remove all", remove("one")),
		do("describe at the end", describe()),
		do("reserved key", add("vpc", kv("aws:x", "y")...)),
		do("fifty-one", add("vpc", many...)),
		do("long value", add("vpc", kv("k", strings.Repeat("v", 257))...)),
		do("long key", add("vpc", kv(strings.Repeat("k", 129), "v")...)),
		do("unknown group", add("sg-00000000000000000", kv("a", "b")...)),
		do("unknown instance", add("i-00000000000000000", kv("a", "b")...)),
		do("no such kind", add("bucket-1", kv("a", "b")...)),
	}}
}
