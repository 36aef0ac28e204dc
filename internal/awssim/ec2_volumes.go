package awssim

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func registerVolumes(r registry) {
	ec2Write(r, createVolume)
	ec2Write(r, attachVolume)
	ec2Read(r, describeVolumes)
}

// newVolume describes an EBS volume to make, and where a launch attaches it.
type newVolume struct {
	Zone, Snapshot      string
	Size                int32 // GiB
	Type                ec2types.VolumeType
	Encrypted           bool
	Key                 string // ARN; the Region's default if empty
	Device              string
	DeleteOnTermination bool
}

func createVolume(x *request, in *ec2.CreateVolumeInput) (*ec2.CreateVolumeOutput, error) {
	e := x.ec2()
	ids, done, err := e.replayed("CreateVolume", in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	if !done {
		id, err := x.makeVolume(in)
		if err != nil {
			return nil, err
		}
		ids = []string{id}
		e.remember("CreateVolume", in.ClientToken, in, id)
	}
	v, err := find(e.Volumes, kindVolume(), ids[0])
	if err != nil {
		return nil, err
	}
	s := e.describeVolume(v)
	return &ec2.CreateVolumeOutput{
		VolumeId: s.VolumeId, AvailabilityZone: s.AvailabilityZone, CreateTime: s.CreateTime, Encrypted: s.Encrypted, KmsKeyId: s.KmsKeyId,
		Size: s.Size, SnapshotId: s.SnapshotId, State: ec2types.VolumeStateCreating, VolumeType: s.VolumeType, Tags: s.Tags,
	}, nil
}

func (x *request) makeVolume(in *ec2.CreateVolumeInput) (string, error) {
	if in.AvailabilityZone == nil {
		return "", missingParameter("AvailabilityZone")
	}
	spec := newVolume{
		Zone: *in.AvailabilityZone, Snapshot: aws.ToString(in.SnapshotId), Size: aws.ToInt32(in.Size),
		Type: cmp.Or(in.VolumeType, ec2types.VolumeTypeGp2), Encrypted: aws.ToBool(in.Encrypted), Key: aws.ToString(in.KmsKeyId),
	}
	if !slices.Contains(spec.Type.Values(), spec.Type) {
		return "", apiError(400, "UnknownVolumeType", "Unsupported volume type '%s' for volume creation.", spec.Type)
	}
	if in.SnapshotId != nil {
		s, err := find(x.ec2().Snapshots, kindSnapshot(), spec.Snapshot)
		if err != nil {
			return "", err
		}
		spec.Size = cmp.Or(spec.Size, *s.VolumeSize)
	}
	if in.Size == nil && in.SnapshotId == nil {
		return "", missingParameter("size/snapshot")
	}
	if spec.Size < 1 || spec.Size > 65536 {
		return "", invalidValue(strconv.Itoa(int(spec.Size)), "size")
	}
	tags, err := specTags(in.TagSpecifications, ec2types.ResourceTypeVolume)
	if err != nil {
		return "", err
	}
	v := x.st.addVolume(x.region(), x.now, x.st.newID("vol"), spec)
	x.ec2().setTags(*v.VolumeId, tags)
	return *v.VolumeId, nil
}

// addVolume makes an available volume without checks.
func (s *state) addVolume(r *region, now time.Time, id string, spec newVolume) *ec2types.Volume {
	v := &ec2types.Volume{
		VolumeId: aws.String(id), AvailabilityZone: aws.String(spec.Zone), Size: aws.Int32(spec.Size), VolumeType: spec.Type,
		Encrypted: aws.Bool(spec.Encrypted || r.EC2.Encryption.ByDefault), SnapshotId: aws.String(spec.Snapshot), CreateTime: aws.Time(now),
		State: ec2types.VolumeStateAvailable, MultiAttachEnabled: aws.Bool(false),
	}
	if *v.Encrypted {
		v.KmsKeyId = aws.String(cmp.Or(spec.Key, s.volumeKey(r)))
	}
	r.EC2.Volumes[id] = v
	return v
}

func attachVolume(x *request, in *ec2.AttachVolumeInput) (*ec2.AttachVolumeOutput, error) {
	e := x.ec2()
	v, err := find(e.Volumes, kindVolume(), aws.ToString(in.VolumeId))
	if err != nil {
		return nil, err
	}
	i, err := find(e.Instances, kindInstance(), aws.ToString(in.InstanceId))
	if err != nil {
		return nil, err
	}
	device := aws.ToString(in.Device)
	if len(v.Attachments) > 0 {
		return nil, apiError(400, "VolumeInUse", "%s is already attached to an instance", *v.VolumeId)
	}
	if v.State != ec2types.VolumeStateAvailable {
		return nil, apiError(400, "IncorrectState", "The volume '%s' is not 'available'.", *v.VolumeId)
	}
	if !stateIn(i, ec2types.InstanceStateNameRunning, ec2types.InstanceStateNameStopped) {
		return nil, apiError(400, "IncorrectState", "Instance '%s' is not 'running'.", *i.InstanceId)
	}
	if *v.AvailabilityZone != *i.Placement.AvailabilityZone {
		return nil, apiError(400, "InvalidVolume.ZoneMismatch", "The volume '%s' is not in the same availability zone as instance '%s'", *v.VolumeId, *i.InstanceId)
	}
	if e.volumeAt(*i.InstanceId, device) != nil {
		return nil, apiError(400, "InvalidParameterValue", "Invalid value '%s' for unixDevice. Attachment point %s is already in use", device, device)
	}
	attachVolumeTo(v, *i.InstanceId, device, false, x.now)
	return &ec2.AttachVolumeOutput{
		VolumeId: aws.String(*v.VolumeId), InstanceId: aws.String(*i.InstanceId), Device: aws.String(device), AttachTime: aws.Time(x.now),
		DeleteOnTermination: aws.Bool(false), State: ec2types.VolumeAttachmentStateAttaching,
	}, nil
}

func attachVolumeTo(v *ec2types.Volume, instanceID, device string, deleteOnTermination bool, now time.Time) {
	v.State = ec2types.VolumeStateInUse
	v.Attachments = []ec2types.VolumeAttachment{{
		VolumeId: v.VolumeId, InstanceId: aws.String(instanceID), Device: aws.String(device), AttachTime: aws.Time(now),
		DeleteOnTermination: aws.Bool(deleteOnTermination), State: ec2types.VolumeAttachmentStateAttached,
	}}
}

// volumesOn are an instance's volumes by device name.
func (e *ec2State) volumesOn(instanceID string) []*ec2types.Volume {
	var out []*ec2types.Volume
	for _, id := range sortedKeys(e.Volumes) {
		if v := e.Volumes[id]; len(v.Attachments) > 0 && *v.Attachments[0].InstanceId == instanceID {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b *ec2types.Volume) int {
		return cmp.Compare(*a.Attachments[0].Device, *b.Attachments[0].Device)
	})
	return out
}

// volumeAt is the volume that an instance sees as a device, nil if none.
func (e *ec2State) volumeAt(instanceID, device string) *ec2types.Volume {
	for _, v := range e.volumesOn(instanceID) {
		if *v.Attachments[0].Device == device {
			return v
		}
	}
	return nil
}

// mappingsOf are an instance's volumes in the form of DescribeInstances.
func (e *ec2State) mappingsOf(instanceID string) []ec2types.InstanceBlockDeviceMapping {
	out := []ec2types.InstanceBlockDeviceMapping{}
	for _, v := range e.volumesOn(instanceID) {
		a := clone(v.Attachments[0])
		out = append(out, ec2types.InstanceBlockDeviceMapping{DeviceName: a.Device, Ebs: &ec2types.EbsInstanceBlockDevice{
			VolumeId: a.VolumeId, AttachTime: a.AttachTime, DeleteOnTermination: a.DeleteOnTermination, Status: ec2types.AttachmentStatusAttached,
		}})
	}
	return out
}

func (e *ec2State) describeVolume(v *ec2types.Volume) ec2types.Volume {
	out := clone(*v)
	out.Tags = e.tagSet(*v.VolumeId)
	return out
}

func describeVolumes(x *request, in *ec2.DescribeVolumesInput) (*ec2.DescribeVolumesOutput, error) {
	e := x.ec2()
	list, err := selected(e.Volumes, kindVolume(), in.VolumeIds)
	if err != nil {
		return nil, err
	}
	type vol = *ec2types.Volume
	attachment := func(f func(ec2types.VolumeAttachment) string) func(vol) []string {
		return func(v vol) (out []string) {
			for _, a := range v.Attachments {
				out = append(out, f(a))
			}
			return out
		}
	}
	id := func(v vol) string { return *v.VolumeId }
	list, err = filtered(e, in.Filters, id, fields[vol]{
		"volume-id":              one(func(v vol) *string { return v.VolumeId }),
		"availability-zone":      one(func(v vol) *string { return v.AvailabilityZone }),
		"snapshot-id":            one(func(v vol) *string { return v.SnapshotId }),
		"status":                 func(v vol) []string { return []string{string(v.State)} },
		"volume-type":            func(v vol) []string { return []string{string(v.VolumeType)} },
		"encrypted":              func(v vol) []string { return []string{boolText(aws.ToBool(v.Encrypted))} },
		"attachment.instance-id": attachment(func(a ec2types.VolumeAttachment) string { return *a.InstanceId }),
		"attachment.device":      attachment(func(a ec2types.VolumeAttachment) string { return *a.Device }),
		"attachment.status":      attachment(func(a ec2types.VolumeAttachment) string { return string(a.State) }),
	}, list)
	if err != nil {
		return nil, err
	}
	page, next, err := paged(list, id, in.VolumeIds, in.MaxResults, in.NextToken)
	out := &ec2.DescribeVolumesOutput{NextToken: next}
	for _, v := range page {
		out.Volumes = append(out.Volumes, e.describeVolume(v))
	}
	return out, err
}
