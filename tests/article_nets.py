"""The nets of the article this book starts from, ported to Keras 3 as directly as they run.

An oracle for `resnet_lib.resnet`: kept apart from it, with the article's own structure (unnamed
layers, a fixed 8x8 pool), so that a slip in one does not appear in the other.
"""

from keras import Input, Model, layers, regularizers


def article_layer(
    x, filters=16, kernel=3, strides=1, activation="relu", norm=True, conv_first=True
):
    conv = layers.Conv2D(
        filters,
        kernel,
        strides=strides,
        padding="same",
        kernel_initializer="he_normal",
        kernel_regularizer=regularizers.L2(1e-4),
    )
    if conv_first:
        x = conv(x)
        x = layers.BatchNormalization()(x) if norm else x
        return layers.Activation(activation)(x) if activation else x
    x = layers.BatchNormalization()(x) if norm else x
    x = layers.Activation(activation)(x) if activation else x
    return conv(x)


def article_head(inputs, x, classes):
    x = layers.AveragePooling2D(pool_size=8)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(classes, activation="softmax", kernel_initializer="he_normal")(x)
    return Model(inputs, x)


def article_v1(input_shape, depth, classes=10):
    filters = 16
    inputs = Input(input_shape)
    x = article_layer(inputs)
    for stack in range(3):
        for res_block in range((depth - 2) // 6):
            first = stack > 0 and res_block == 0
            strides = 2 if first else 1
            y = article_layer(x, filters, strides=strides)
            y = article_layer(y, filters, activation=None)
            if first:
                x = article_layer(x, filters, 1, strides, activation=None, norm=False)
            x = layers.add([x, y])
            x = layers.Activation("relu")(x)
        filters *= 2
    return article_head(inputs, x, classes)


def article_v2(input_shape, depth, classes=10):
    filters_in = 16
    inputs = Input(input_shape)
    x = article_layer(inputs, filters_in, conv_first=True)
    for stage in range(3):
        for res_block in range((depth - 2) // 9):
            activation, norm, strides = "relu", True, 1
            if stage == 0:
                filters_out = filters_in * 4
                if res_block == 0:
                    activation, norm = None, False
            else:
                filters_out = filters_in * 2
                if res_block == 0:
                    strides = 2
            y = article_layer(x, filters_in, 1, strides, activation, norm, conv_first=False)
            y = article_layer(y, filters_in, conv_first=False)
            y = article_layer(y, filters_out, 1, conv_first=False)
            if res_block == 0:
                x = article_layer(x, filters_out, 1, strides, activation=None, norm=False)
            x = layers.add([x, y])
        filters_in = filters_out
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    return article_head(inputs, x, classes)
