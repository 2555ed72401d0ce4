"""Build the nets of the article that this book starts from, ported to Keras 3.

They are an oracle for `resnet_lib.nets.resnet`. They share no code with it and keep the article's
structure (unnamed layers, a fixed 8x8 pool), so that an error in one does not appear in the other.
"""

from keras import Input, Model, layers, regularizers


def article_layer(
    x, filters=16, kernel=3, strides=1, activation="relu", norm=True, conv_first=True
):
    options = {"padding": "same", "kernel_initializer": "he_normal"}
    options["kernel_regularizer"] = regularizers.L2(1e-4)
    if conv_first:
        x = layers.Conv2D(filters, kernel, strides=strides, **options)(x)
    x = layers.BatchNormalization()(x) if norm else x
    x = layers.Activation(activation)(x) if activation else x
    return x if conv_first else layers.Conv2D(filters, kernel, strides=strides, **options)(x)


def article_head(inputs, x, classes):
    x = layers.AveragePooling2D(pool_size=8)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(classes, activation="softmax", kernel_initializer="he_normal")(x)
    return Model(inputs, x)


def article_v1(input_shape, depth, classes=10):
    inputs = Input(input_shape)
    x = article_layer(inputs)
    for stack, filters in enumerate((16, 32, 64)):
        for res_block in range((depth - 2) // 6):
            first = stack > 0 and res_block == 0
            strides = 2 if first else 1
            y = article_layer(x, filters, strides=strides)
            y = article_layer(y, filters, activation=None)
            if first:
                x = article_layer(x, filters, 1, strides, activation=None, norm=False)
            x = layers.add([x, y])
            x = layers.Activation("relu")(x)
    return article_head(inputs, x, classes)


def article_v2(input_shape, depth, classes=10):
    filters_in = 16
    inputs = Input(input_shape)
    x = article_layer(inputs, filters_in)
    for stage in range(3):
        filters_out = filters_in * (2 if stage else 4)
        for res_block in range((depth - 2) // 9):
            first = res_block == 0
            strides = 2 if stage and first else 1
            bare = first and not stage  # the input has been normalized
            y = article_layer(x, filters_in, 1, strides, None if bare else "relu", not bare, False)
            y = article_layer(y, filters_in, conv_first=False)
            y = article_layer(y, filters_out, 1, conv_first=False)
            if first:
                x = article_layer(x, filters_out, 1, strides, activation=None, norm=False)
            x = layers.add([x, y])
        filters_in = filters_out
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    return article_head(inputs, x, classes)
